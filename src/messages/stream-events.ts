/**
 * The events of a commit's section as users see them: under the name of their stream, as JSON. A run's output and the sinks
 * say the same of an event because both read it here.
 */

import type { DynamicEvent, EventSchema } from './codec.ts';
import type { Section } from './commit.ts';
import { derivedStreamOfRecord } from './derived-event.ts';
import { exactJson } from './event-json.ts';
import { ARRAY_KEY, joinOfRecord } from './join-result.ts';
import { keyValues } from './key-values.ts';
import type { Registry } from './registry.ts';
import { resultForm } from './result-form.ts';
import { deadLetterType, lateEventType } from './types.ts';

export interface StreamEvent {
  /** As the pipeline file calls it: `clicks_per_user`, `clicks_per_user.late`, `clicks.dead-letters`. */
  readonly stream: string;
  /** Of its stream, as text; null where it has none. */
  readonly key: string | null;
  /** An object with the stream in it. */
  readonly json: string;
  /** The event as Avro, by its form: without the name of its stream. */
  readonly value: DynamicEvent;
  readonly form: EventForm;
  /** It takes the row of its key away, where the stream is a table: a result of a join without either side. */
  readonly isDeletion?: true;
}

/** A schema, and how an event is written by it. */
export interface EventForm extends EventSchema {
  encode(value: DynamicEvent): Buffer;
}

/** The end of the name that late events of a window or a join have. */
export const LATE = '.late';

export function deadLettersOf(stream: string): string {
  return `${stream}.dead-letters`;
}

/** The stream that events of a built-in record are, and the field that is their key; undefined for other records. */
export type BuiltinStreams = (record: string) => { readonly stream: string; readonly key: string } | undefined;

/**
 * The stream of a section's events in a commit of `stream`: one name for all of them, or of late events the end of every
 * name. Null when they are of no stream that can be derived.
 */
export function derivedStreamOf(
  registry: Registry,
  builtin: BuiltinStreams,
  stream: string,
  { fingerprint }: Section,
): string | null {
  const window = registry.windowOf(fingerprint);
  if (window !== null) return window.window;
  const record = registry.nameOf(fingerprint) ?? '';
  if (record === lateEventType.name) return LATE;
  if (record === deadLetterType.name) return deadLettersOf(stream);
  return joinOfRecord(record) ?? derivedStreamOfRecord(record) ?? builtin(record)?.stream ?? null;
}

/** An event for each of the section, in order; none for a section that holds no derived stream. */
export function* derivedEvents(
  registry: Registry,
  builtin: BuiltinStreams,
  stream: string,
  section: Section,
): Generator<StreamEvent> {
  const { fingerprint, bytes } = section;
  const name = derivedStreamOf(registry, builtin, stream, section);
  if (name === null) return;
  const window = registry.windowOf(fingerprint);
  if (window !== null) {
    const form = resultForm(window);
    for (const value of window.type.decodeBlock(bytes)) {
      const { aggregates, parts, count, ...result } = value;
      const own = window.aggregatesJson(aggregates);
      const { key, revision, at } = result;
      const json = window.isView
        ? joined(exactJson({ stream: name }), own, exactJson({ revision, at }))
        : joined(exactJson({ stream: name, ...result, key: parts === undefined ? key : Object.values(parts) }), own);
      yield { stream: name, key, json, value, form };
    }
    return;
  }
  const record = registry.nameOf(fingerprint) ?? '';
  switch (record) {
    case lateEventType.name:
      for (const late of registry.decodeAs(lateEventType, fingerprint, bytes)) {
        const { window: of, key, latenessMs, windows, event } = late;
        const isOfSeveral = key?.startsWith('[') === true && registry.isKeyedBySeveral(of);
        const start = `{"stream":${JSON.stringify(of + LATE)},"key":${isOfSeveral ? key : JSON.stringify(key)}`;
        const json = `${start},"latenessMs":${latenessMs},"windows":${windows},"event":${event}}`;
        yield { stream: of + LATE, key, json, value: late, form: lateEventType };
      }
      return;
    case deadLetterType.name:
      for (const letter of registry.decodeAs(deadLetterType, fingerprint, bytes)) {
        const { reason, detail, position, raw } = letter;
        const json = exactJson({ stream: name, reason, detail, position, raw: raw.toString('utf8') });
        yield { stream: name, key: null, json, value: letter, form: deadLetterType };
      }
      return;
  }
  const own = builtin(record);
  const type = own === undefined ? undefined : registry.builtin(record);
  if (own !== undefined && type !== undefined) {
    for (const event of registry.decodeAs(type, fingerprint, bytes)) {
      const key = String(event[own.key]);
      yield { stream: name, key, json: exactJson({ stream: name, key, ...event }), value: event, form: type };
    }
    return;
  }
  // Results of a join have their key, derived events what they select.
  const form = registry.writerOf(fingerprint);
  if (form === undefined) return;
  const isJoin = joinOfRecord(record) !== null;
  for (const value of form.decodeBlock(bytes)) {
    const { [ARRAY_KEY]: isArray, ...event } = value;
    const key = typeof event.key === 'string' ? event.key : null;
    const shown = isArray === undefined || key === null ? event : { ...event, key: keyValues(key) };
    const json = `{"stream":${JSON.stringify(name)},${form.eventJson(shown).slice(1)}`;
    const isGone = isJoin && event.left === null && event.right === null;
    yield isGone
      ? { stream: name, key, json, value, form, isDeletion: true }
      : { stream: name, key, json, value, form };
  }
}

/** JSON objects as one, with the members of each in turn. */
function joined(...objects: readonly string[]): string {
  return `{${objects
    .map((json) => json.slice(1, -1))
    .filter((members) => members !== '')
    .join(',')}}`;
}
