/** The place of a backup for a command. */
import { MANIFEST_FILE } from '../backup/manifest.ts';
import { openPlace } from '../places/open-place.ts';
import type { Place } from '../places/place.ts';
import { UsageError } from './exit.ts';

/** Throws a UsageError when the address can't be taken. */
export async function withPlace<T>(text: string, act: (place: Place) => Promise<T>): Promise<T> {
  let place: Place;
  try {
    place = openPlace(text, process.env, MANIFEST_FILE);
  } catch (error) {
    throw error instanceof Error ? new UsageError(error.message) : error;
  }
  return act(place);
}
