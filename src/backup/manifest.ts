/**
 * The manifest of a backup: which files of a data directory it has, under which names, and their checksums. It is written
 * last and replaced as a whole, so a backup is as it was before or as it is after.
 */
import { createHash } from 'node:crypto';
import { isMap } from '../messages/json-map.ts';
import { DamagedError } from './damaged.ts';

export const MANIFEST_FILE = 'backup.json';
const VERSION = 1;

export interface BackupFile {
  /** In the data directory, with slashes. */
  readonly path: string;
  /** In the backup. A name stands for one content for ever. */
  readonly stored: string;
  readonly bytes: number;
  /** Of all bytes. Hexadecimal. */
  readonly sha256: string;
}

export interface BackedUpLog {
  readonly log: string;
  readonly firstOffset: number;
  readonly nextOffset: number;
}

export interface BackupManifest {
  /** ISO 8601. */
  readonly takenAt: string;
  readonly logs: readonly BackedUpLog[];
  readonly files: readonly BackupFile[];
}

export function printManifest({ takenAt, logs, files }: BackupManifest): string {
  const content = { version: VERSION, takenAt, logs, files };
  return JSON.stringify({ ...content, checksum: checksumOf(content) });
}

/** Throws, in words for people, when it is damaged or of a later version. `where` it was read from. */
export function parseManifest(text: string, where: string): BackupManifest {
  const damaged = new DamagedError(
    `${where} is damaged: it is not what \`millrace backup\` wrote. Nothing was changed.`,
  );
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch {
    throw damaged;
  }
  if (!isMap(manifest) || typeof manifest.version !== 'number') throw damaged;
  if (manifest.version > VERSION) {
    throw new Error(
      `${where} was written by a later version of Millrace (${manifest.version}; this one knows ${VERSION})`,
    );
  }
  const { checksum, ...content } = manifest;
  const { takenAt, logs, files } = content;
  if (checksum !== checksumOf(content) || typeof takenAt !== 'string') throw damaged;
  if (!isListOf(logs, isLog) || !isListOf(files, isFile)) throw damaged;
  for (const { path, stored } of files) if (!isInside(path) || !isInside(stored)) throw damaged;
  return { takenAt, logs, files };
}

function checksumOf(content: Readonly<Record<string, unknown>>): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

/** Whether a path stays in the directory that it is relative to. */
function isInside(path: string): boolean {
  const parts = path.split('/');
  return parts.every((part) => part !== '' && part !== '.' && part !== '..') && !/[\0\\]/.test(path);
}

function isListOf<T>(value: unknown, isOne: (item: unknown) => item is T): value is readonly T[] {
  return Array.isArray(value) && value.every(isOne);
}

function isLog(value: unknown): value is BackedUpLog {
  return isMap(value) && typeof value.log === 'string' && isSize(value.firstOffset) && isSize(value.nextOffset);
}

function isFile(value: unknown): value is BackupFile {
  return (
    isMap(value) &&
    typeof value.path === 'string' &&
    typeof value.stored === 'string' &&
    isSize(value.bytes) &&
    typeof value.sha256 === 'string'
  );
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
