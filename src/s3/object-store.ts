/** Objects of one bucket: read, written whole or in parts, on condition, listed, removed. */
import { nodeTimer } from '../deadline.ts';
import { type Bucket, createRequests, cutError, type Exchanged, type Requests } from './requests.ts';
import { S3Error } from './s3-error.ts';

/** When a write takes place: only as the first of its key, only over that version, or always. */
export type Condition = { readonly ifAbsent: true } | { readonly ifMatch: string } | null;

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
}

export interface ObjectStore {
  /** Of a small object, with its version; null when there is none. */
  get(key: string): Promise<Exchanged | null>;
  /** Resumes where a connection was cut. Throws an S3Error with `isAbsent` when there is no such object. */
  read(key: string): AsyncGenerator<Uint8Array>;
  /** Returns the new version. Throws an S3Error with `isConflict` when the condition does not hold. */
  put(key: string, body: Uint8Array, condition: Condition): Promise<string>;
  /** Writes `bytes` of content, in parts when they are many; until all are there, there is nothing to read. */
  upload(key: string, content: AsyncIterable<Uint8Array>, bytes: number): Promise<void>;
  list(prefix: string): AsyncGenerator<StoredObject>;
  remove(key: string): Promise<void>;
}

/** S3 takes parts of 5 MiB to 5 GiB, 10,000 at most. */
const PART_BYTES = 8 * 1024 * 1024;
const MAX_PARTS = 10_000;
/** Parts of one object on their way at once. */
const PARTS_AT_ONCE = 3;
/** Without a byte for so long, a connection counts as cut. */
const SILENT_MS = 30_000;

export function objectStore(bucket: Bucket): ObjectStore {
  const requests = createRequests(bucket);
  return {
    get: (key) => requests.exchange({ method: 'GET', key }).catch(nullIfAbsent),
    read: (key) => readFrom(requests, key),
    async put(key, body, condition) {
      return (await requests.exchange({ method: 'PUT', key, body, headers: headersOf(condition) })).etag;
    },
    upload: (key, content, bytes) => upload(requests, key, content, bytes),
    async *list(prefix) {
      for (let token: string | null = ''; token !== null; ) {
        const query = { 'list-type': '2', prefix, 'encoding-type': 'url' };
        const more = token === '' ? {} : { 'continuation-token': token };
        const answer = await requests.exchange({ method: 'GET', key: null, query: { ...query, ...more } });
        const text = answer.body.toString();
        const isEncoded = tagOf(text, 'EncodingType') === 'url';
        for (const [, entry = ''] of text.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
          const written = unescaped(tagOf(entry, 'Key'));
          yield { key: isEncoded ? decoded(written) : written, bytes: Number(tagOf(entry, 'Size')) };
        }
        token = tagOf(text, 'IsTruncated') === 'true' ? unescaped(tagOf(text, 'NextContinuationToken')) : null;
      }
    },
    async remove(key) {
      await requests.exchange({ method: 'DELETE', key }).catch(nullIfAbsent);
    },
  };
}

function headersOf(condition: Condition): Readonly<Record<string, string>> {
  if (condition === null) return {};
  return 'ifAbsent' in condition ? { 'if-none-match': '*' } : { 'if-match': condition.ifMatch };
}

async function* readFrom(requests: Requests, key: string): AsyncGenerator<Uint8Array> {
  let at = 0;
  let etag: string | null = null;
  for (let attempt = 1; ; attempt++) {
    const resumed = etag === null ? {} : { range: `bytes=${at}-`, 'if-match': etag };
    const response = await requests.send({ method: 'GET', key, headers: resumed });
    if (etag !== null && response.status !== 206)
      throw new S3Error(0, 'NoRange', `S3: ${key}: the server has no ranges`);
    const total: number = at + Number(response.headers.get('content-length') ?? Number.NaN);
    etag = response.headers.get('etag');
    let cut: unknown = null;
    try {
      for await (const chunk of chunksOf(response)) {
        at += chunk.length;
        attempt = 1;
        yield chunk;
      }
    } catch (error) {
      cut = error;
    }
    if (cut === null && (Number.isNaN(total) || at === total)) return;
    if (etag === null) throw cutError(key, cut);
    await requests.beforeAgain(attempt, cutError(key, cut));
  }
}

async function* chunksOf(response: Response): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  try {
    for (;;) {
      const cancel = nodeTimer(SILENT_MS, () => void reader.cancel(new Error(`silent for ${SILENT_MS / 1000} s`)));
      const { done, value } = await reader.read().finally(cancel);
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

async function upload(
  requests: Requests,
  key: string,
  content: AsyncIterable<Uint8Array>,
  bytes: number,
): Promise<void> {
  const partBytes = Math.max(PART_BYTES, Math.ceil(bytes / MAX_PARTS));
  if (bytes <= partBytes) {
    const parts: Uint8Array[] = [];
    for await (const chunk of content) parts.push(chunk);
    return void (await requests.exchange({ method: 'PUT', key, body: Buffer.concat(parts) }));
  }
  const begun = await requests.exchange({ method: 'POST', key, query: { uploads: '' } });
  const uploadId = unescaped(tagOf(begun.body.toString(), 'UploadId'));
  try {
    const etags: string[] = [];
    const underWay = new Set<Promise<void>>();
    const failures: unknown[] = [];
    for await (const body of partsOf(content, partBytes)) {
      const number = etags.push('');
      const send = async (): Promise<void> => {
        etags[number - 1] = await putPart(requests, { key, uploadId, number, body });
      };
      const sent = send()
        .catch((error: unknown) => void failures.push(error))
        .finally(() => underWay.delete(sent));
      underWay.add(sent);
      if (underWay.size >= PARTS_AT_ONCE) await Promise.race(underWay);
      if (failures.length > 0) break;
    }
    await Promise.all(underWay);
    if (failures.length > 0) throw failures[0];
    await complete(requests, key, uploadId, etags);
  } catch (error) {
    await requests.exchange({ method: 'DELETE', key, query: { uploadId } }).catch(() => {});
    throw error;
  }
}

interface Part {
  readonly key: string;
  readonly uploadId: string;
  readonly number: number;
  readonly body: Uint8Array;
}

async function putPart(requests: Requests, { key, uploadId, number, body }: Part): Promise<string> {
  const query = { partNumber: String(number), uploadId };
  return (await requests.exchange({ method: 'PUT', key, body, query })).etag;
}

/** S3 may answer 200 and say in the body that it failed. */
async function complete(requests: Requests, key: string, uploadId: string, etags: readonly string[]): Promise<void> {
  const parts = etags.map((etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${etag}</ETag></Part>`).join('');
  const body = Buffer.from(`<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>`);
  for (let attempt = 1; ; attempt++) {
    const text = (await requests.exchange({ method: 'POST', key, body, query: { uploadId } })).body.toString();
    if (!text.includes('<Error>')) return;
    const code = tagOf(text, 'Code');
    await requests.beforeAgain(
      attempt,
      new S3Error(500, code, `S3: the parts of ${key} were not put together: ${code}`),
    );
  }
}

/** The content in parts of one size; the last may be smaller. */
async function* partsOf(content: AsyncIterable<Uint8Array>, partBytes: number): AsyncGenerator<Uint8Array> {
  let part = Buffer.allocUnsafe(partBytes);
  let at = 0;
  for await (const chunk of content) {
    for (let from = 0; from < chunk.length; ) {
      const taken = Math.min(chunk.length - from, partBytes - at);
      part.set(chunk.subarray(from, from + taken), at);
      at += taken;
      from += taken;
      if (at < partBytes) continue;
      yield part;
      part = Buffer.allocUnsafe(partBytes);
      at = 0;
    }
  }
  if (at > 0) yield part.subarray(0, at);
}

function tagOf(text: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? '';
}

function decoded(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

function unescaped(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#34;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}

function nullIfAbsent(error: unknown): null {
  if (error instanceof S3Error && error.isAbsent) return null;
  throw error;
}
