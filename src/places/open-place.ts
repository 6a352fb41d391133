/** A place as people write it: a folder's path, or s3://bucket/prefix. */
import { isS3Address } from '../s3/s3-address.ts';
import { folderPlace } from './folder-place.ts';
import type { Place } from './place.ts';
import { s3Place } from './s3-place.ts';

/** Throws when an address of S3 can't be taken. */
export function openPlace(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
  manifestName: string,
): Place {
  return isS3Address(text) ? s3Place(text, env, manifestName) : folderPlace(text, manifestName);
}
