/** The name of a place in a pipeline file: an address of S3, or the path of a folder. */
import { isS3Address } from '../s3/s3-address.ts';

/** An address as it is, and a path as `resolve` completes it. */
export function resolvedPlace(text: string, resolve: (path: string) => string): string {
  return isS3Address(text) ? text : resolve(text);
}
