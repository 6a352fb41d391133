/** Witnesses of a log's end beside its segments, for readers that do not open the log. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HEAD_FILE, parseHead } from './head.ts';
import { SNAPSHOT_DIRECTORY, snapshotOffsets } from './snapshot-files.ts';

/** The largest offset below which HEAD or a snapshot calls everything durable; 0 when there is neither. */
export function witnessOf(logDirectory: string): number {
  const names = readdirSync(logDirectory);
  const head = names.includes(HEAD_FILE) ? parseHead(readFileSync(join(logDirectory, HEAD_FILE), 'utf8')) : 0;
  if (!names.includes(SNAPSHOT_DIRECTORY)) return head;
  return Math.max(head, snapshotOffsets(readdirSync(join(logDirectory, SNAPSHOT_DIRECTORY))).at(-1) ?? 0);
}
