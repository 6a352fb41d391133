/**
 * The body of an ingest request: read under its own cap while it streams, and under a cap for all requests together.
 * The body is parsed elsewhere, never in this room.
 */
import type { IncomingMessage } from 'node:http';
import type { BodyBudget } from './body-budget.ts';
import { createBodyParts } from './body-parts.ts';
import type { ReadingTurns } from './reading-turns.ts';
import type { EventBody } from './view.ts';

export const BODY_CAP_BYTES = 16 * 1024 * 1024;

/** What a content type means here; null when it is none that ingestion takes. */
export function bodyFormatOf(contentType: string | undefined): EventBody['format'] | null {
  const [type = '', ...parameters] = (contentType ?? '').split(';').map((part) => part.trim().toLowerCase());
  if (parameters.some((parameter) => parameter.startsWith('charset=') && !/^charset="?utf-8"?$/.test(parameter))) {
    return null;
  }
  if (['application/x-ndjson', 'application/ndjson', 'application/jsonl', 'application/x-jsonlines'].includes(type)) {
    return 'json-lines';
  }
  if (type === 'application/json') return 'json';
  if (type === 'application/avro' || type === 'avro/binary' || type === 'application/vnd.apache.avro') {
    return 'avro-container';
  }
  return null;
}

const ENCODINGS: ReadonlyMap<string, EventBody['encoding']> = new Map([
  ['', 'identity'],
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['zstd', 'zstd'],
]);

/** What a content encoding means here; null for one, or a list of several, that is not unpacked. */
export function bodyEncodingOf(contentEncoding: string | undefined): EventBody['encoding'] | null {
  return ENCODINGS.get((contentEncoding ?? '').trim().toLowerCase()) ?? null;
}

export type ReadBody =
  /** Its bytes are held until the caller releases them. */
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  | { readonly kind: 'too-large' }
  /** There is no room for it now. */
  | { readonly kind: 'overloaded' }
  /** It comes in chunks of a few bytes, each of which costs more than it holds. */
  | { readonly kind: 'too-fine' }
  /** The client went away before the end. */
  | { readonly kind: 'aborted' };

/** More chunks than this, of fewer bytes on average than any event has. */
const FINE_CHUNKS = 2048;
const FINE_BYTES = 16;

/** Resolves as soon as it is known that the body can't be taken; what was held of it is then released. */
export function readBody(
  incoming: IncomingMessage,
  capBytes: number,
  budget: BodyBudget,
  turns: ReadingTurns,
): Promise<ReadBody> {
  const announced = Number(incoming.headers['content-length'] ?? 0);
  if (announced > capBytes) return Promise.resolve({ kind: 'too-large' });
  // Nothing is held for what is only announced: a client that sends nothing would keep the others out.
  if (!budget.hasRoom(announced)) return Promise.resolve({ kind: 'overloaded' });
  return new Promise((resolve) => {
    const parts = createBodyParts();
    let bytes = 0;
    let chunks = 0;
    const finish = (outcome: ReadBody): void => {
      received();
      incoming.off('data', onData);
      incoming.off('end', onEnd);
      incoming.off('error', onGone);
      incoming.off('close', onGone);
      // An error that comes later, on a connection that is done with, is nobody's.
      incoming.on('error', () => {});
      if (outcome.kind !== 'whole') {
        budget.release(bytes);
        incoming.pause();
      }
      if (outcome.kind === 'too-fine') incoming.socket.pause();
      resolve(outcome);
    };
    const onData = (chunk: Buffer): void => {
      if (bytes + chunk.byteLength > capBytes) finish({ kind: 'too-large' });
      else if (!budget.hold(chunk.byteLength)) finish({ kind: 'overloaded' });
      else {
        bytes += chunk.byteLength;
        chunks += 1;
        parts.add(chunk);
        if (chunks > FINE_CHUNKS && bytes < chunks * FINE_BYTES) finish({ kind: 'too-fine' });
        else turns.took(incoming, chunk.byteLength);
      }
    };
    const onEnd = (): void => finish({ kind: 'whole', bytes: parts.joined() });
    const onGone = (): void => finish({ kind: 'aborted' });
    const received = budget.receiving({
      sinceMs: performance.now(),
      bytes: () => bytes,
      cancel: () => finish({ kind: 'overloaded' }),
    });
    incoming.on('data', onData);
    incoming.once('end', onEnd);
    incoming.once('error', onGone);
    incoming.once('close', onGone);
  });
}
