/** The events of one stream as its journal has them, block by block in the order in which they were committed. */

import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { CommitReader, JournaledCommit } from '../journal/commit-reader.ts';
import { openReader } from '../journal/open-reader.ts';
import { readSchemaFiles } from '../journal/schema-files.ts';
import { nodeSyncFs } from '../journal/sync-fs.ts';
import type { AvroRecord } from '../messages/avro.ts';
import { type DynamicEvent, dynamicEventType, type EventType, recordOf } from '../messages/codec.ts';
import type { Columns } from '../messages/columns.ts';
import type { Commit, Section } from '../messages/commit.ts';
import { DERIVED_TIME, derivedStreamOfRecord } from '../messages/derived-event.ts';
import { joinOfRecord } from '../messages/join-result.ts';
import { takeRows } from '../messages/take-rows.ts';
import { windowOfRecord } from '../messages/window-result.ts';
import { compileCondition } from '../sql/compile.ts';
import { bindCondition } from '../sql/compiled.ts';
import { ExpressionError } from '../sql/expression-error.ts';
import { notedStreams } from './derivation-history.ts';
import { registryOf } from './registry-of.ts';
import { requireJournal } from './require-journal.ts';

/**
 * A stream that has events in the journal: one that a source brings, or what a derived stream, a join, a window, a view
 * or an operator gives.
 */
export interface JournaledStream {
  readonly name: string;
  readonly schema: AvroRecord;
  /** The field with the event time; null where there is none. */
  readonly timeField: string | null;
  /** Whether a source brings it: its events are then the input of logs of its name. */
  readonly isInput: boolean;
}

/**
 * The streams that the data directory was run for, by its own files alone. A derived stream is among them once it has
 * an event.
 */
export function journaledStreams(dataDir: string): JournaledStream[] {
  const inputs = [...notedStreams(dataDir, nodeSyncFs).values()].flatMap(({ derivation }) => {
    const [own] = derivation.inputs;
    if (own.channels.length > 0) return [];
    const { stream: name, schema, timeField } = own;
    return [{ name, schema, timeField, isInput: true }];
  });
  const derived = new Map<string, JournaledStream & { readonly changedMs: number }>();
  for (const [fingerprint, json] of readSchemaFiles(dataDir)) {
    const { name: record, schema } = recordOf(json);
    const name = ownerOf(record);
    if (name === null) continue;
    const changedMs = statSync(join(dataDir, 'schemas', `${fingerprint}.avsc`)).mtimeMs;
    // The newest of its schemas reads what was written with any of them.
    if ((derived.get(name)?.changedMs ?? Number.NEGATIVE_INFINITY) > changedMs) continue;
    const time = windowOfRecord(record) === null ? DERIVED_TIME : 'start';
    const timeField = schema.fields.some((field) => field.name === time) ? time : null;
    derived.set(name, { name, schema, timeField, isInput: false, changedMs });
  }
  return [...inputs, ...derived.values()];
}

export interface RowChoice {
  /** SQL over the event's fields, as in `where:` of a pipeline file; null for all. */
  readonly where: string | null;
  /** The first event time, in epoch ms. */
  readonly fromMs: number;
  /** The event time at which the choice ends, exclusive, in epoch ms. */
  readonly toMs: number;
  /** How far each log is read that somebody writes. Other logs are read to their end. */
  readonly ends: ReadonlyMap<string, number>;
}

/** What is wrong with a condition over the stream's fields, for people; null when nothing is. */
export function conditionProblem(where: string, { schema }: JournaledStream): string | null {
  try {
    compileCondition(where, schema);
    return null;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return `at character ${error.position}: ${error.message}`;
  }
}

/**
 * The chosen rows of a stream. It takes no lock. Commits of several partitions come by their time, so that the rows
 * come about as they came in. Columns always have a row, and are gone when the next are asked for. Throws an
 * ExpressionError for a condition that is not valid.
 */
export async function* streamRows(
  dataDir: string,
  stream: JournaledStream,
  { where, fromMs, toMs, ends }: RowChoice,
): AsyncGenerator<Columns> {
  const type = dynamicEventType(stream.schema);
  const condition = where === null ? null : compileCondition(where, stream.schema);
  const read = type.columnReader();
  const readChosen = type.columnReader();
  const isBounded = Number.isFinite(fromMs) || Number.isFinite(toMs);
  for await (const block of blocksOf(dataDir, stream, type, ends)) {
    const columns = read(block);
    const holds = condition === null ? null : bindCondition(condition, columns);
    const timesMs = isBounded && stream.timeField !== null ? columns.numbers(stream.timeField) : null;
    const rows = new Uint32Array(columns.count);
    let count = 0;
    for (let row = 0; row < columns.count; row++) {
      if (timesMs !== null && !(timesMs[row]! >= fromMs && timesMs[row]! < toMs)) continue;
      if (holds === null || holds(row)) rows[count++] = row;
    }
    if (count === 0) continue;
    const { places } = columns;
    if (count === columns.count || places === null) yield columns;
    else yield readChosen({ count, bytes: takeRows(places, rows.subarray(0, count)) });
  }
}

/** Every block, read in the stream's schema. */
async function* blocksOf(
  dataDir: string,
  stream: JournaledStream,
  type: EventType<DynamicEvent>,
  ends: RowChoice['ends'],
) {
  const registry = registryOf(dataDir);
  for await (const { commit } of byTime(openReader(requireJournal(dataDir)), ends)) {
    for (const section of commit.sections) {
      const { fingerprint, bytes } = section;
      if (!isOf(stream, registry.nameOf(fingerprint) ?? '', type.name, commit, section)) continue;
      if (fingerprint === type.fingerprint) yield section;
      else yield type.encodeBlock(registry.decodeAs(type, fingerprint, bytes));
    }
  }
}

function isOf(stream: JournaledStream, record: string, own: string, commit: Commit, { role }: Section): boolean {
  if (stream.isInput) return role === 'input' && commit.stream === stream.name && record === own;
  return ownerOf(record) === stream.name;
}

/** The derived stream, join or window that gives records of this name. */
function ownerOf(record: string): string | null {
  return derivedStreamOfRecord(record) ?? joinOfRecord(record) ?? windowOfRecord(record);
}

/**
 * The commits of all logs. Each log keeps its order; of the commits that come next, the one with the earliest time
 * comes first.
 */
async function* byTime(reader: CommitReader, ends: RowChoice['ends']): AsyncGenerator<JournaledCommit> {
  const heads: { readonly commits: AsyncGenerator<JournaledCommit>; next: JournaledCommit }[] = [];
  for (const log of await reader.logNames()) {
    const range = { fromOffset: await reader.startOf(log), toOffset: ends.get(log) ?? (await reader.endOf(log)) };
    const commits = reader.commits(log, range);
    const { value, done } = await commits.next();
    if (done !== true) heads.push({ commits, next: value });
  }
  while (heads.length > 0) {
    let first = 0;
    for (let i = 1; i < heads.length; i++) {
      if (heads[i]!.next.commit.committedAt < heads[first]!.next.commit.committedAt) first = i;
    }
    const head = heads[first]!;
    yield head.next;
    const { value, done } = await head.commits.next();
    if (done === true) heads.splice(first, 1);
    else head.next = value;
  }
}
