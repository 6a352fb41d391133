/** What a run derived, as JSON lines in commit order: the form of `millrace run --output`. */
import type { CommitReader, JournaledCommit } from '../journal/commit-reader.ts';
import type { Commit, Section } from '../messages/commit.ts';
import { derivedStreamOfRecord } from '../messages/derived-event.ts';
import { joinOfRecord } from '../messages/join-result.ts';
import type { Registry } from '../messages/registry.ts';
import { builtinType, deadLetterType, lateEventType } from '../messages/types.ts';
import type { PartitionUnit } from '../service/partition-unit.ts';
import { TABLES } from '../tables.ts';
import { inCommitOrder } from './commit-order.ts';

interface Line {
  readonly stream: string;
  readonly text: string;
}

/** Lines without their line ends, of the derived streams that are named, or of all. */
export async function* outputLines(
  reader: CommitReader,
  registry: Registry,
  units: readonly PartitionUnit[],
  only: readonly string[],
): AsyncGenerator<string> {
  const logs = new Map<string, AsyncIterator<JournaledCommit>>();
  for (const { log } of units) {
    const range = { fromOffset: await reader.startOf(log.name), toOffset: log.durableOffset() };
    logs.set(log.name, reader.commits(log.name, range));
  }
  for await (const commit of inCommitOrder(logs)) {
    for (const line of commitLines(registry, commit, only)) yield line;
  }
}

export function* commitLines(registry: Registry, commit: Commit, only: readonly string[]): Generator<string> {
  for (const section of commit.sections) {
    for (const { stream, text } of sectionLines(registry, commit.stream, section)) {
      if (only.length === 0 || only.includes(stream)) yield text;
    }
  }
}

function* sectionLines(registry: Registry, stream: string, { fingerprint, bytes }: Section): Generator<Line> {
  const window = registry.windowOf(fingerprint);
  if (window !== null) {
    for (const { aggregates, count, ...result } of window.type.decodeBlock(bytes)) {
      yield lineOf({ stream: window.window, ...result, ...aggregates });
    }
    return;
  }
  const record = registry.nameOf(fingerprint) ?? '';
  const join = joinOfRecord(record);
  if (join !== null) {
    for (const result of registry.writerOf(fingerprint)?.decodeBlock(bytes) ?? []) {
      yield lineOf({ stream: join, ...result });
    }
    return;
  }
  const derived = derivedStreamOfRecord(record);
  if (derived !== null) {
    for (const event of registry.writerOf(fingerprint)?.decodeBlock(bytes) ?? []) {
      yield lineOf({ stream: derived, ...event });
    }
    return;
  }
  switch (record) {
    case lateEventType.name:
      for (const { window, key, latenessMs, windows, event } of registry.decodeAs(lateEventType, fingerprint, bytes)) {
        const name = `${window}.late`;
        const start = `{"stream":${JSON.stringify(name)},"key":${JSON.stringify(key)}`;
        yield { stream: name, text: `${start},"latenessMs":${latenessMs},"windows":${windows},"event":${event}}` };
      }
      return;
    case deadLetterType.name:
      for (const { reason, detail, position, raw } of registry.decodeAs(deadLetterType, fingerprint, bytes)) {
        yield lineOf({ stream: `${stream}.dead-letters`, reason, detail, position, raw: raw.toString('utf8') });
      }
      return;
  }
  const output = TABLES.find(({ eventType }) => eventType === record)?.output;
  const type = builtinType(record);
  if (output === undefined || type === undefined) return;
  for (const event of registry.decodeAs(type, fingerprint, bytes)) {
    yield lineOf({ stream: output.stream, key: String(event[output.key]), ...event });
  }
}

function lineOf<T extends { readonly stream: string }>(value: T): Line {
  return { stream: value.stream, text: JSON.stringify(value) };
}
