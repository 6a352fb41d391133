/** Results of a join. Each join has an Avro record of its own, with the records of both sides in it. */
import { type AvroRecord, NAMESPACE, TIMESTAMP_MILLIS } from './avro.ts';
import { type EventType, eventTypeOf } from './codec.ts';
import { escapedName, plainName } from './escaped-name.ts';

const RESULTS = `${NAMESPACE}.JoinResult`;

export interface JoinResult {
  readonly key: string | null;
  readonly left: Readonly<Record<string, unknown>> | null;
  readonly right: Readonly<Record<string, unknown>> | null;
  readonly ts: number;
}

export interface JoinResultType {
  readonly join: string;
  readonly type: EventType<JoinResult>;
}

export function joinResultType(join: string, left: AvroRecord, right: AvroRecord): JoinResultType {
  return { join, type: eventTypeOf(joinResultSchema(join, left, right)) };
}

export function joinResultSchema(join: string, left: AvroRecord, right: AvroRecord): AvroRecord {
  // The same record may stand on both sides, so each side has a namespace of its own.
  const side = (name: string, { fields }: AvroRecord): AvroRecord => ({
    type: 'record',
    name,
    namespace: `${RESULTS}.${escapedName(join)}.${name}`,
    fields,
  });
  return {
    type: 'record',
    name: escapedName(join),
    namespace: RESULTS,
    doc: 'An event of the left side with one of the right; null where there is none.',
    fields: [
      { name: 'key', type: ['null', 'string'] },
      { name: 'left', type: ['null', side('Left', left)] },
      { name: 'right', type: ['null', side('Right', right)] },
      { name: 'ts', type: TIMESTAMP_MILLIS, doc: 'The larger of their times.' },
    ],
  };
}

/** The join whose results a record of this full name holds; null for any other record. */
export function joinOfRecord(fullName: string): string | null {
  return fullName.startsWith(`${RESULTS}.`) ? plainName(fullName.slice(RESULTS.length + 1)) : null;
}
