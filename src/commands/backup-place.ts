/** The place of a backup for a command: what is wrong with S3 becomes the command's exit code. */
import { MANIFEST_FILE } from '../backup/manifest.ts';
import { openPlace } from '../places/open-place.ts';
import type { Place } from '../places/place.ts';
import { S3Error } from '../s3/s3-error.ts';
import { DependencyError, UsageError } from './exit.ts';

/** Throws a UsageError when the address can't be taken; a DependencyError when S3 is not there. */
export async function withPlace<T>(text: string, act: (place: Place) => Promise<T>): Promise<T> {
  let place: Place;
  try {
    place = openPlace(text, process.env, MANIFEST_FILE);
  } catch (error) {
    throw error instanceof Error ? new UsageError(error.message) : error;
  }
  try {
    return await act(place);
  } catch (error) {
    throw error instanceof S3Error && error.isDown ? new DependencyError(error.message, error) : error;
  }
}
