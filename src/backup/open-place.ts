/** The place of a backup as it is written on the command line. */
import { folderPlace } from './folder-place.ts';
import type { BackupPlace } from './place.ts';

/** A folder's path. */
export function openPlace(text: string): BackupPlace {
  return folderPlace(text);
}
