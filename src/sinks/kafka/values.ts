/** The values of records: JSON, Avro by the schema of the event, or Avro in Confluent's wire format. A deletion has none. */
import type { SchemaRegistry } from '../../kafka/registry.ts';
import { framed } from '../../kafka/wire-format.ts';
import type { EventForm } from '../../messages/stream-events.ts';
import { DeliveryError, type SinkEvent } from '../sink.ts';
import { originalOf } from './original.ts';
import type { Subject } from './settings.ts';

/** What a record has besides its key and its id. */
export interface Content {
  /** Null: a tombstone. */
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, string>>;
}

export type ContentsOf = (events: readonly SinkEvent[], signal: AbortSignal) => Promise<Content[]>;

export const jsonValues: ContentsOf = async (events) => events.map((event) => unlessGone(event, toJson));
export const avroValues: ContentsOf = async (events) => events.map((event) => unlessGone(event, toAvro));
export const originals: ContentsOf = async (events) => events.map(originalOf);

/** Schemas are registered as they come. While the registry does not answer or refuses one, the events wait. */
export function registeredValues(registry: SchemaRegistry, topic: string, subject: Subject): ContentsOf {
  /** By fingerprint: a schema keeps its id. */
  const ids = new Map<string, number>();

  async function register({ fingerprint, name, json }: EventForm, signal: AbortSignal): Promise<void> {
    if (ids.has(fingerprint)) return;
    const under = { topic: `${topic}-value`, record: name, 'topic-record': `${topic}-${name}` }[subject];
    const answer = await registry.register(under, json, signal);
    if (answer.kind === 'refused') {
      const message = `the schema registry refuses the schema of ${name} under ${under}: ${answer.message}`;
      throw new DeliveryError({ kind: 'transient' }, message);
    }
    ids.set(fingerprint, answer.schemaId);
  }
  return async (events, signal) => {
    for (const { form, isDeletion } of events) if (isDeletion !== true) await register(form, signal);
    return events.map((event) =>
      unlessGone(event, (own) => framed(ids.get(own.form.fingerprint) ?? Number.NaN, toAvro(own))),
    );
  };
}

function toJson({ json }: SinkEvent): Buffer {
  return Buffer.from(json, 'utf8');
}

function toAvro({ form, value }: SinkEvent): Buffer {
  return form.encode(value);
}

function unlessGone(event: SinkEvent, encode: (event: SinkEvent) => Buffer): Content {
  return { value: event.isDeletion === true ? null : encode(event) };
}
