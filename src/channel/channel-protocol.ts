/**
 * The protocol of the local channel: JSON, a message a line. The client sends one request; the service answers with rows and
 * an end. A client that goes away cancels its request.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Row } from '../projections/store.ts';

export interface ChannelRequest {
  readonly command: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
  /** The most rows to send. */
  readonly limit: number;
}

export type ChannelAnswer =
  | { readonly kind: 'rows'; readonly rows: readonly Row[] }
  /** A remark for the person who asked, beside the rows. */
  | { readonly kind: 'note'; readonly message: string }
  /** `isCut`: there are more rows than the limit. */
  | { readonly kind: 'end'; readonly isCut: boolean }
  /** `usage`: the words of the request can't be taken. */
  | { readonly kind: 'failed'; readonly message: string; readonly isUsage: boolean };

/** The fields of a request by name: a text, a whole number, a yes or no, one of some words, or several texts. */
export type RequestSchema = Readonly<
  Record<string, 'text' | 'whole' | 'flag' | 'texts' | readonly [string, ...string[]]>
>;

type FieldValue<F> = F extends 'text'
  ? string
  : F extends 'whole'
    ? number
    : F extends 'flag'
      ? boolean
      : F extends 'texts'
        ? readonly string[]
        : F extends readonly (infer W)[]
          ? W
          : never;

/** Any field may be left out; a command itself refuses requests that lack something. */
export type RequestOf<S extends RequestSchema> = { readonly [K in keyof S]?: FieldValue<S[K]> };

/** Why the request does not fit the schema, in words for people; null when it does. */
export function requestProblem(schema: RequestSchema, request: Readonly<Record<string, unknown>>): string | null {
  for (const [name, value] of Object.entries(request)) {
    const field = Object.hasOwn(schema, name) ? schema[name] : undefined;
    if (field === undefined) return `${name} is not known; known: ${Object.keys(schema).join(', ')}`;
    if (!isField(field, value)) return `${name} must be ${fieldText(field)}, not ${JSON.stringify(value)}`;
  }
  return null;
}

function isField(field: RequestSchema[string], value: unknown): boolean {
  switch (field) {
    case 'text':
      return typeof value === 'string';
    case 'whole':
      return Number.isSafeInteger(value);
    case 'flag':
      return typeof value === 'boolean';
    case 'texts':
      return Array.isArray(value) && value.every((item) => typeof item === 'string');
    default:
      return field.some((word) => word === value);
  }
}

function fieldText(field: RequestSchema[string]): string {
  if (typeof field !== 'string') return field.join(' or ');
  return { text: 'a text', whole: 'a whole number', flag: 'true or false', texts: 'a list of texts' }[field];
}

/** The longest line that either side takes. Rows are sent in lines of far less. */
export const MAX_LINE_BYTES = 64 * 1024 * 1024;
export const MAX_REQUEST_BYTES = 1024 * 1024;

const SOCKET_FILE = 'channel.sock';
/** Holds the path of the socket where the data directory's own is too long for one. */
export const PATH_FILE = 'channel.path';
/** sun_path has 108 bytes on Linux and 104 on macOS, with a zero at the end. */
const MAX_PATH_BYTES = 103;

/** Null when the path is longer than a socket's may be. */
export function ownSocketPath(dataDir: string): string | null {
  const path = join(dataDir, SOCKET_FILE);
  return Buffer.byteLength(path) <= MAX_PATH_BYTES ? path : null;
}

/** Where the service of this data directory listens, if one does. */
export function socketPath(dataDir: string): string | null {
  const own = ownSocketPath(dataDir);
  if (own !== null) return own;
  try {
    return readFileSync(join(dataDir, PATH_FILE), 'utf8');
  } catch {
    return null;
  }
}

/** A short name for a directory under the system's temporary one. */
export function shortName(dataDir: string): string {
  return `millrace-${createHash('md5').update(dataDir).digest('hex').slice(0, 8)}-`;
}

/** Splits incoming bytes into lines. */
export function lineSplitter(
  maxBytes: number,
  take: (line: string) => void,
  tooLong: () => void,
): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let held = 0;
  return (chunk) => {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      const line = Buffer.concat([...parts, chunk.subarray(from, end)]).toString('utf8');
      parts = [];
      held = 0;
      from = end + 1;
      take(line);
    }
    const rest = chunk.subarray(from);
    held += rest.length;
    if (held > maxBytes) tooLong();
    else if (rest.length > 0) parts.push(rest);
  };
}
