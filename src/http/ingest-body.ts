/**
 * The body of an ingest request: read under a cap while it streams, and brought to one of the two formats that the
 * service takes. Invariant: an event's bytes are never re-serialised, so that numbers beyond 2^53 and a dead letter's
 * original text stay as they were sent.
 */
import type { IncomingMessage } from 'node:http';

export const BODY_CAP_BYTES = 16 * 1024 * 1024;

export type EventBody =
  | { readonly format: 'json-lines'; readonly bytes: Uint8Array }
  | { readonly format: 'avro-container'; readonly bytes: Uint8Array };

export type BodyKind = 'json-lines' | 'json' | 'avro-container';

/** What a content type means here; null when it is none that ingestion takes. */
export function bodyKindOf(contentType: string | undefined): BodyKind | null {
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

/** The whole body, or null as soon as it is known to be larger than `capBytes`. Rejects when the client goes away. */
export function readBody(incoming: IncomingMessage, capBytes: number): Promise<Buffer | null> {
  const announced = Number(incoming.headers['content-length'] ?? 0);
  if (announced > capBytes) return Promise.resolve(null);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const onData = (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes > capBytes) {
        incoming.off('data', onData);
        incoming.pause();
        chunks.length = 0;
        resolve(null);
        return;
      }
      chunks.push(chunk);
    };
    incoming.on('data', onData);
    incoming.once('end', () => resolve(Buffer.concat(chunks)));
    incoming.once('error', reject);
    incoming.once('close', () => reject(new Error('The client closed the connection before the end of the body')));
  });
}

/**
 * JSON lines from `application/json`: an array's items, one object however it is laid out, or lines already.
 * Throws SyntaxError when an array does not parse, since then nobody knows where one event ends.
 */
export function toJsonLines(json: Buffer): Uint8Array {
  const text = json.toString('utf8');
  if (/^[\s\uFEFF]*\[/.test(text)) {
    JSON.parse(text);
    return Buffer.from(topLevelItems(text).map(onOneLine).join('\n'));
  }
  return isOneValue(text) ? Buffer.from(onOneLine(text)) : json;
}

/** The items of a valid JSON array as they were written. */
function topLevelItems(text: string): string[] {
  const items: string[] = [];
  let depth = 0;
  let inString = false;
  let itemAt = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (inString) {
      if (character === BACKSLASH) at += 1;
      else if (character === QUOTE) inString = false;
    } else if (character === QUOTE) {
      inString = true;
    } else if (character === OPEN_BRACKET || character === OPEN_BRACE) {
      depth += 1;
      if (depth === 1) itemAt = at + 1;
    } else if (character === CLOSE_BRACKET || character === CLOSE_BRACE) {
      depth -= 1;
      if (depth === 0) items.push(text.slice(itemAt, at));
    } else if (character === COMMA && depth === 1) {
      items.push(text.slice(itemAt, at));
      itemAt = at + 1;
    }
  }
  return items.filter((item) => item.trim() !== '');
}

/** JSON allows a line break only between tokens (RFC 8259, 7: control characters in strings are escaped). */
function onOneLine(value: string): string {
  return value.replace(/[\r\n]+/g, ' ').trim();
}

function isOneValue(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
