/** Asks whether a lake can be read, without changing it. */
import { openPlace } from '../../places/open-place.ts';
import { LAKE_MANIFEST } from './manifest.ts';

/** Resolves with what is there; rejects with why it can't be had. */
export async function askLake(path: string): Promise<string> {
  const found = await openPlace(path, process.env, LAKE_MANIFEST).readManifest();
  return `${path}, ${found === null ? 'to be made' : 'a lake'}`;
}
