/** The manifest of a place, checked. */

import type { Place } from '../places/place.ts';
import { twice } from './damaged.ts';
import { type BackupManifest, MANIFEST_FILE, parseManifest } from './manifest.ts';

/** Null where there is no backup. Throws a DamagedError. `version` is what the place calls it. */
export function readManifest(
  place: Place,
): Promise<{ readonly manifest: BackupManifest; readonly version: string } | null> {
  return twice(async () => {
    const found = await place.readManifest();
    if (found === null) return null;
    return { manifest: parseManifest(found.text, `${place.name}/${MANIFEST_FILE}`), version: found.version };
  });
}
