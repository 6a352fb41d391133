/**
 * Which events are of a key, and what stands in their place. An event is of the key where a field of one of these names
 * holds it, in the event or in a record within it; a result of a window, a join or an operator, where it is keyed by such a field.
 */
import type { Block } from '../messages/block.ts';
import type { DynamicEvent } from '../messages/codec.ts';
import { type Commit, encodeCommit, type Section } from '../messages/commit.ts';
import { joinOfRecord } from '../messages/join-result.ts';
import type { Registry } from '../messages/registry.ts';
import { decodeSeen, encodeSeen } from '../messages/seen-times.ts';
import type { DeadLetter, ExchangedBlock } from '../messages/streams.ts';
import {
  deadLetterType,
  exchangedBlockType,
  forgottenType,
  forwardedBlockType,
  lateEventType,
  operatorMessageType,
  repeatedEventsType,
  tombstoneType,
} from '../messages/types.ts';

export interface ForgottenKey {
  /** The key's value as text; a number as its digits. */
  readonly value: string;
  readonly fields: ReadonlySet<string>;
  /** Windows, joins and operators that are keyed by one of the fields. */
  readonly keyed: ReadonlySet<string>;
  /** Streams whose key is one of the fields. */
  readonly streams: ReadonlySet<string>;
  /** The event time of a stream's events, by the name of their record. */
  readonly timeFields: ReadonlyMap<string, string>;
}

export interface RowForgetter {
  /** The commit without the events of the key; null where it has none. Throws for an event whose schema is not known. */
  commit(commit: Commit): readonly Uint8Array[] | null;
  /** Events that were replaced, by what they were. */
  readonly removed: ReadonlyMap<string, number>;
  /** Events that stay and hold the value in another field, by record and field. */
  readonly left: ReadonlyMap<string, number>;
}

/** Events of the log that hold blocks of other events. */
const HOLDERS: ReadonlySet<string> = new Set([
  exchangedBlockType.name,
  forwardedBlockType.name,
  repeatedEventsType.name,
]);

export function rowForgetter(key: ForgottenKey, registry: Registry): RowForgetter {
  const removed = new Map<string, number>();
  const left = new Map<string, number>();
  const note = (counts: Map<string, number>, what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);

  const isValue = (value: unknown): boolean =>
    (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') &&
    String(value) === key.value;

  const hasValue = (value: unknown): boolean => (Array.isArray(value) ? value.some(hasValue) : isValue(value));

  /** Whether a field of these names has the value, or a list with the value, at any depth. */
  function holds(value: unknown): boolean {
    if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return false;
    if (Array.isArray(value)) return value.some(holds);
    return Object.entries(value).some(([name, own]) => (key.fields.has(name) && hasValue(own)) || holds(own));
  }

  function noteElsewhere(record: string, value: unknown, path: string): void {
    if (typeof value === 'string' && value === key.value) note(left, `${record} ${path}`);
    if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return;
    for (const [name, own] of Object.entries(value)) {
      noteElsewhere(record, own, Array.isArray(value) ? path : path === '' ? name : `${path}.${name}`);
    }
  }

  function isOfKey(record: string, fingerprint: string, event: DynamicEvent, stream: string): boolean {
    if (holds(event)) return true;
    if (record === tombstoneType.name) return key.streams.has(stream) && isValue(event.key);
    if (record === deadLetterType.name) return letterHolds(event);
    if (record === operatorMessageType.name) return nestedHolds(event);
    const of = record === lateEventType.name ? String(event.window) : ownerOf(record, fingerprint);
    return key.keyed.has(of) && isValue(event.key);
  }

  /** The window, join or operator that gives records of this name. */
  function ownerOf(record: string, fingerprint: string): string {
    return registry.windowOf(fingerprint)?.window ?? joinOfRecord(record) ?? record.split('.').slice(-2)[0] ?? '';
  }

  /** Searches the original of a dead letter as text, because one letter too many is better than one too few. */
  function letterHolds(event: DynamicEvent): boolean {
    const { raw }: Partial<DeadLetter> = event;
    if (raw === undefined) return false;
    const text = Buffer.from(raw).toString('utf8');
    for (let at = text.indexOf(key.value); at !== -1; at = text.indexOf(key.value, at + 1)) {
      const around = [text[at - 1] ?? '', text[at + key.value.length] ?? ''];
      if (!around.some((letter) => /[\p{L}\p{N}_]/u.test(letter))) return true;
    }
    return false;
  }

  function nestedHolds({ fingerprint, block }: DynamicEvent): boolean {
    const type = typeof fingerprint === 'string' ? registry.writerOf(fingerprint) : undefined;
    return type !== undefined && Buffer.isBuffer(block) && type.decodeBlock(block).some(holds);
  }

  function timeOf(record: string, event: DynamicEvent): number | null {
    const field = record === tombstoneType.name ? 'occurredAt' : key.timeFields.get(record);
    const time = field === undefined ? null : event[field];
    return typeof time === 'number' ? time : null;
  }

  /** Marks the rows of a block that are of the key; null where no row is. */
  function marked(
    { fingerprint, bytes }: Block,
    stream: string,
  ): { readonly events: DynamicEvent[]; readonly rows: Set<number> } {
    const type = registry.writerOf(fingerprint);
    if (type === undefined) throw new Error(`The schema ${fingerprint} of events is not in the data directory`);
    const events = type.decodeBlock(bytes);
    const rows = new Set<number>();
    for (const [row, event] of events.entries()) {
      if (isOfKey(type.name, fingerprint, event, stream)) rows.add(row);
      else noteElsewhere(type.name, event, '');
    }
    return { events, rows };
  }

  /** Sections with as many events, in which those of the key are replaced. */
  function replaced(section: Section, stream: string): readonly Section[] | null {
    const record = registry.nameOf(section.fingerprint) ?? '';
    if (HOLDERS.has(record)) return replacedHolders(section, record);
    const { events, rows } = marked(section, stream);
    if (rows.size === 0) return null;
    for (const _ of rows) note(removed, record);
    const type = registry.writerOf(section.fingerprint)!;
    const parts: Section[] = [];
    const { role } = section;
    for (let from = 0; from < events.length; ) {
      const isGone = rows.has(from);
      let to = from + 1;
      while (to < events.length && rows.has(to) === isGone) to += 1;
      const some = events.slice(from, to);
      const times = some.map((event) => ({ occurredAt: role === 'input' ? timeOf(record, event) : null }));
      const block = isGone ? forgottenType.encodeBlock(times) : type.encodeBlock(some);
      parts.push({ ...block, role });
      from = to;
    }
    return parts;
  }

  /** Keeps events that hold blocks of others, and makes their blocks smaller. */
  function replacedHolders(section: Section, record: string): readonly Section[] | null {
    const type = registry.writerOf(section.fingerprint)!;
    let isChanged = false;
    const events = type.decodeBlock(section.bytes).map((event) => {
      const { fingerprint, count, block } = event;
      if (typeof fingerprint !== 'string' || typeof count !== 'number' || !Buffer.isBuffer(block) || count === 0)
        return event;
      const { events: own, rows } = marked({ fingerprint, count, bytes: block }, streamOf(event));
      if (rows.size === 0) return event;
      isChanged = true;
      for (const _ of rows) note(removed, registry.nameOf(fingerprint) ?? fingerprint);
      const kept = registry.writerOf(fingerprint)!.encodeBlock(own.filter((_, row) => !rows.has(row)));
      const smaller = { ...event, count: kept.count, block: Buffer.from(kept.bytes) };
      if (record !== exchangedBlockType.name) return smaller;
      return { ...smaller, ...timesWithout(event, own, rows, registry.nameOf(fingerprint) ?? '') };
    });
    return isChanged ? [{ ...type.encodeBlock(events), role: section.role }] : null;
  }

  function streamOf(event: DynamicEvent): string {
    return typeof event.log === 'string' ? event.log.replace(/-\d+$/, '') : '';
  }

  /** The times of the log without the key's events. The log came as far as it did by those events too. */
  function timesWithout(
    { log, before, seen, count }: DynamicEvent,
    events: readonly DynamicEvent[],
    rows: ReadonlySet<number>,
    record: string,
  ): Pick<ExchangedBlock, 'seen'> & { readonly before: unknown } {
    const said = decodeSeen(Buffer.isBuffer(seen) ? seen : Buffer.alloc(0), Number(count));
    const first: unknown[] = Array.isArray(before) ? [...before] : [];
    const after: number[] = [];
    let known = Number.NEGATIVE_INFINITY;
    const say = (timeMs: number): void => {
      if (!(timeMs > known)) return;
      known = timeMs;
      if (after.length > 0) after[after.length - 1] = timeMs;
      else first.push({ log, occurredAt: timeMs, watermark: null });
    };
    for (const [row, event] of events.entries()) {
      if (rows.has(row)) say(timeOf(record, event) ?? Number.NaN);
      else after.push(Number.NaN);
      say(said?.[row] ?? Number.NaN);
    }
    return { before: first, seen: encodeSeen(Float64Array.from(after)) };
  }

  return {
    removed,
    left,
    commit(commit) {
      let isChanged = false;
      const sections = commit.sections.flatMap((section) => {
        const parts = replaced(section, commit.stream);
        isChanged ||= parts !== null;
        return parts ?? [section];
      });
      return isChanged ? encodeCommit({ ...commit, sections }).parts : null;
    },
  };
}
