/** `s3://BUCKET/PREFIX`, as the AWS command line writes it; `?endpoint=URL&region=NAME` go before what the environment says. */
import { type ObjectStore, objectStore } from './object-store.ts';
import { findCredentials, settingsOf } from './settings.ts';

export interface S3Place {
  readonly store: ObjectStore;
  /** Empty, or with a slash at its end. */
  readonly prefix: string;
  /** As people write it, without settings. */
  readonly name: string;
}

export function isS3Address(text: string): boolean {
  return text.startsWith('s3://');
}

/** Throws when the address names no bucket, or a setting that there is not. */
export function openS3(text: string, env: Readonly<Record<string, string | undefined>>): S3Place {
  const [, bucket, path = '', query = ''] =
    /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([^?]*))?(?:\?(.*))?$/.exec(text) ?? [];
  if (bucket === undefined) throw new Error(`${text} names no bucket: write s3://bucket/prefix`);
  const asked = new URLSearchParams(query);
  for (const name of asked.keys()) {
    if (name !== 'endpoint' && name !== 'region') throw new Error(`${text}: there is endpoint and region, no ${name}`);
  }
  const found = settingsOf(env);
  const endpoint = asked.get('endpoint') ?? found.endpoint;
  if (!URL.canParse(endpoint)) throw new Error(`${endpoint} is no address of an S3 service: write https://host`);
  const trimmed = path.replace(/^\/+|\/+$/g, '');
  const store = objectStore({
    bucket,
    endpoint,
    region: asked.get('region') ?? found.region,
    credentials: () => findCredentials(env),
  });
  return {
    store,
    prefix: trimmed === '' ? '' : `${trimmed}/`,
    name: `s3://${bucket}${trimmed === '' ? '' : `/${trimmed}`}`,
  };
}
