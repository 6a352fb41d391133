/**
 * AWS Signature Version 4 of a request to S3, as "Authenticating Requests: Using the Authorization Header" of Amazon's S3 API
 * reference has it: the path is encoded once, and the payload's SHA-256 is signed, so a receiver refuses a body that was changed
 * on its way.
 */
import { createHash, createHmac } from 'node:crypto';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials; null for lasting ones. */
  readonly sessionToken: string | null;
}

export interface Unsigned {
  readonly method: string;
  readonly url: URL;
  /** Lower-case names. All of them are signed. */
  readonly headers: Readonly<Record<string, string>>;
  /** Hexadecimal. */
  readonly payloadSha256: string;
}

export const EMPTY_SHA256 = createHash('sha256').digest('hex');

/** The headers of the request, with those that authenticate it. */
export function signed(
  { method, url, headers, payloadSha256 }: Unsigned,
  { accessKeyId, secretAccessKey, sessionToken }: Credentials,
  region: string,
  nowMs: number,
): Record<string, string> {
  const time = new Date(nowMs).toISOString().replace(/[:-]|\.\d{3}/g, '');
  const day = time.slice(0, 8);
  const scope = `${day}/${region}/s3/aws4_request`;
  const all: Record<string, string> = {
    ...headers,
    host: url.host,
    'x-amz-content-sha256': payloadSha256,
    'x-amz-date': time,
    ...(sessionToken === null ? {} : { 'x-amz-security-token': sessionToken }),
  };
  const names = Object.keys(all).sort();
  const canonicalHeaders = names.map((name) => `${name}:${all[name]?.trim()}\n`).join('');
  const signedHeaders = names.join(';');
  const request = [method, url.pathname, canonicalQuery(url), canonicalHeaders, signedHeaders, payloadSha256].join(
    '\n',
  );
  const text = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(request).digest('hex')].join('\n');
  const key = [day, region, 's3', 'aws4_request'].reduce(
    (sofar: Buffer, part) => hmac(sofar, part),
    Buffer.from(`AWS4${secretAccessKey}`),
  );
  const signature = hmac(key, text).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope},SignedHeaders=${signedHeaders},Signature=${signature}`;
  // fetch sets the host itself.
  const { host: _, ...sent } = all;
  return { ...sent, authorization };
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function canonicalQuery(url: URL): string {
  const pairs = [...url.searchParams].map(([name, value]) => `${uriEncoded(name)}=${uriEncoded(value)}`);
  return pairs.sort().join('&');
}

/** As RFC 3986 has it: all but letters, digits and "-._~". */
export function uriEncoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
