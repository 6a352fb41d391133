/** The place of a backup for a command: what is wrong with S3 becomes the command's exit code. */
import { openPlace } from '../backup/open-place.ts';
import type { BackupPlace } from '../backup/place.ts';
import { S3Error } from '../s3/s3-error.ts';
import { DependencyError, UsageError } from './exit.ts';

/** Throws a UsageError when the address can't be taken; a DependencyError when S3 is not there. */
export async function withPlace<T>(text: string, act: (place: BackupPlace) => Promise<T>): Promise<T> {
  let place: BackupPlace;
  try {
    place = openPlace(text, process.env);
  } catch (error) {
    throw error instanceof Error ? new UsageError(error.message) : error;
  }
  try {
    return await act(place);
  } catch (error) {
    throw error instanceof S3Error && error.isDown ? new DependencyError(error.message, error) : error;
  }
}
