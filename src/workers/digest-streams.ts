/**
 * One hash for each stream of derived events, from the journal alone. It is a sum over the events, so neither partitions nor
 * their order show. `at` is left out, since it is the watermark of one partition.
 */

import { createHash } from 'node:crypto';
import { BUILTIN_TYPES } from '../builtin-types.ts';
import { type JournalPlace, openReader } from '../journal/open-reader.ts';
import { readSchemaFiles } from '../journal/schema-files.ts';
import type { Section } from '../messages/commit.ts';
import { derivedStreamOfRecord } from '../messages/derived-event.ts';
import { exactJson } from '../messages/event-json.ts';
import { joinOfRecord } from '../messages/join-result.ts';
import { createRegistry } from '../messages/registry.ts';
import type { LogRange } from '../projections/projector.ts';
import { TABLES } from '../tables.ts';

export interface StreamDigest {
  readonly stream: string;
  readonly events: number;
  readonly hash: string;
}

export interface DigestStreamsTask {
  readonly dataDir: string;
  readonly journal: JournalPlace;
  readonly ranges: readonly LogRange[];
}

/** Reads the logs from their first kept event to these offsets. */
export default async function digestStreams({ dataDir, journal, ranges }: DigestStreamsTask): Promise<StreamDigest[]> {
  const registry = createRegistry(BUILTIN_TYPES);
  for (const [fingerprint, json] of readSchemaFiles(dataDir)) registry.learn(fingerprint, json);
  const sums = new Map<string, { events: number; sum: bigint }>();
  const add = (stream: string, value: unknown): void => {
    const state = sums.get(stream) ?? { events: 0, sum: 0n };
    state.events += 1;
    state.sum += createHash('md5').update(exactJson(value)).digest().readBigUInt64LE(0);
    sums.set(stream, state);
  };
  const addSection = ({ fingerprint, bytes }: Section): void => {
    const window = registry.windowOf(fingerprint);
    if (window !== null) {
      for (const result of window.type.decodeBlock(bytes)) {
        // Early results depend on where a watermark stopped, and so on the partitions.
        if (result.revision >= 0) add(window.window, { ...result, at: 0 });
      }
      return;
    }
    const record = registry.nameOf(fingerprint) ?? '';
    const derived = joinOfRecord(record) ?? derivedStreamOfRecord(record);
    if (derived !== null) {
      for (const result of registry.writerOf(fingerprint)?.decodeBlock(bytes) ?? []) add(derived, result);
      return;
    }
    const output = TABLES.find(({ eventType }) => eventType === record)?.output;
    const type = registry.builtin(record);
    if (output === undefined || type === undefined) return;
    const layout = Object.fromEntries([
      ...(output.layout ?? []).map((field) => [field, 0]),
      // What is undefined is not written.
      ...(output.later ?? []).map((field) => [field, undefined]),
    ]);
    for (const event of registry.decodeAs(type, fingerprint, bytes)) add(output.stream, { ...event, ...layout });
  };

  const reader = openReader(journal);
  for (const { log, toOffset } of ranges) {
    for await (const { commit } of reader.commits(log, { fromOffset: await reader.startOf(log), toOffset })) {
      for (const section of commit.sections) addSection(section);
    }
  }
  return [...sums]
    .map(([stream, { events, sum }]) => ({
      stream,
      events,
      hash: BigInt.asUintN(64, sum).toString(16).padStart(16, '0'),
    }))
    .sort((a, b) => a.stream.localeCompare(b.stream));
}
