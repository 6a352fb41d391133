/**
 * Signed requests to one bucket, each with its deadline, tried again when that may help: after no answer, an error of the server, a
 * SlowDown, or a body that was changed on its way. Waits double from a quarter second, with jitter, and heed Retry-After.
 */
import { createHash } from 'node:crypto';
import { nodeTimer, withinDeadline } from '../deadline.ts';
import { isExpired, isPassing, S3Error, s3ErrorOf } from './s3-error.ts';
import { type Credentials, EMPTY_SHA256, signed, uriEncoded } from './signature.ts';

export interface Bucket {
  readonly bucket: string;
  readonly endpoint: string;
  readonly region: string;
  credentials(): Promise<Credentials>;
}

export interface S3Request {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Null for the bucket itself. */
  readonly key: string | null;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** Attempts of one request. With the waits between them a service that is away for less than a minute is waited for. */
const ATTEMPTS = 9;
const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 15_000;
/** From the request to the head of its answer. */
const ANSWER_MS = 60_000;

export interface Exchanged {
  readonly body: Buffer;
  /** Empty where there is none. */
  readonly etag: string;
}

export interface Requests {
  /** The answer with a status below 400, its body still to be read. Throws an S3Error. */
  send(request: S3Request): Promise<Response>;
  /** The answer with its body, which is small. */
  exchange(request: S3Request): Promise<Exchanged>;
  /** Waits before the attempt of that number, from 1 on; throws the error when there is none, or it would not help. */
  beforeAgain(attempt: number, error: unknown): Promise<void>;
}

export function createRequests(bucket: Bucket): Requests {
  let credentials: Credentials | null = null;

  async function once({ method, key, query = {}, headers = {}, body }: S3Request): Promise<Response> {
    const url = new URL(bucket.endpoint);
    const path = key === null ? '' : `/${key.split('/').map(uriEncoded).join('/')}`;
    url.pathname = `${url.pathname.replace(/\/$/, '')}/${bucket.bucket}${path}`;
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    // The signature has %20 for a space, where searchParams would write a plus.
    url.search = [...url.searchParams].map(([name, value]) => `${uriEncoded(name)}=${uriEncoded(value)}`).join('&');
    credentials ??= await bucket.credentials();
    const payloadSha256 = body === undefined ? EMPTY_SHA256 : createHash('sha256').update(body).digest('hex');
    const signedHeaders = signed({ method, url, headers, payloadSha256 }, credentials, bucket.region, Date.now());
    const what = `${method} ${key === null ? bucket.bucket : `s3://${bucket.bucket}/${key}`}`;
    const response = await withinDeadline(ANSWER_MS, nodeTimer, undefined, (signal) =>
      fetch(url, {
        method,
        headers: signedHeaders,
        signal,
        redirect: 'error',
        ...(body === undefined ? {} : { body }),
      }),
    ).catch((error: unknown) => {
      const why = reasonOf(error);
      throw new S3Error(0, why, `S3: ${what}: ${bucket.endpoint} does not answer (${why})`, error);
    });
    if (response.ok) return response;
    const text = await response.text().catch(() => '');
    const failure = s3ErrorOf(response.status, text, what, bucket.bucket, bucket.endpoint);
    retryAfter.set(failure, Number(response.headers.get('retry-after') ?? 0) * 1000);
    throw failure;
  }

  /** What an answer asked to wait, by its error. */
  const retryAfter = new WeakMap<S3Error, number>();

  async function beforeAgain(attempt: number, error: unknown): Promise<void> {
    if (!(error instanceof S3Error) || attempt >= ATTEMPTS) throw error;
    if (isExpired(error) && attempt < 3) {
      credentials = null;
      return;
    }
    if (!isPassing(error)) throw error;
    const backoff = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
    const waitMs = Math.min(MAX_WAIT_MS, Math.max(backoff, retryAfter.get(error) ?? 0));
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }

  async function again<T>(attemptOnce: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await attemptOnce();
      } catch (error) {
        await beforeAgain(attempt, error);
      }
    }
  }

  return {
    beforeAgain,
    send: (request) => again(() => once(request)),
    exchange: (request) =>
      again(async () => {
        const response = await once(request);
        const body = await response.arrayBuffer().catch((error: unknown) => {
          throw cutError(request.key ?? bucket.bucket, error);
        });
        return { body: Buffer.from(body), etag: response.headers.get('etag') ?? '' };
      }),
  };
}

/** An answer that ended too early. */
export function cutError(key: string, cause: unknown): S3Error {
  const why = cause instanceof Error ? cause.message : 'the end came too early';
  return new S3Error(0, 'Cut', `S3: ${key}: the connection was cut (${why})`, cause);
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
