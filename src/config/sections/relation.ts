/** What windows, joins, derived streams and operators are of: whatever of a pipeline has events. */
import type { AvroRecord } from '../../messages/avro.ts';
import { keyTextOf } from '../../streams/field-key.ts';
import { type GroupKey, isOfSeveral } from '../../streams/group-key.ts';
import type { SelectionSpec, ViewSpec } from '../../streams/selection.ts';

export interface Relation {
  readonly name: string;
  readonly schema: AvroRecord;
  /** The field that is its key; null for a derived stream that does not select the key of the stream that it reads. */
  readonly key: string | null;
  readonly eventTime: string;
  /** So many ms are taken off the field for the time of an event; absent for none. */
  readonly timeLessMs?: number;
  readonly partitions: number;
  readonly watermark:
    | {
        readonly kind: 'bounded';
        readonly outOfOrdernessMs: number;
        readonly idleTimeoutMs: number | null;
        readonly maxAheadMs: number | null;
        /** How long others wait for a partition of it that is behind; absent where they wait for ever. */
        readonly maxWaitMs?: number;
      }
    | { readonly kind: 'scripted' };
  /**
   * Its source brings events of one key in any of its partitions; absent where one partition has all events of a key.
   */
  readonly isScattered?: true;
  /**
   * Its events are rows of a table by its key. An event without a left and a right event deletes the row: a join of two
   * tables.
   */
  readonly isTable?: true;
  /**
   * Its events stand in the logs of another stream beside that one's. They do not say how far that stream's time has
   * come.
   */
  readonly isBeside?: true;
  /** What the logs that have its events are named for; absent for a stream, whose own name that is. */
  readonly log?: string;
  /**
   * What is read in its place, and how its events are made of what is read: for a derived stream, and for a window's
   * results.
   */
  readonly view?: { readonly of: Relation; readonly selection: SelectionSpec };
}

/** What the logs that have a relation's events are named for. */
export function logOf(relation: Relation): string {
  const read = readBy(relation);
  return read.log ?? read.name;
}

/** The relation whose events are in logs. */
export function readBy(relation: Relation): Relation {
  return relation.view === undefined ? relation : readBy(relation.view.of);
}

/** Whether the events, before any view of them, are those that a source brings. */
export function isOfStream(relation: Relation): boolean {
  return readBy(relation).log === undefined;
}

/** Whether the relation's own key groups events as this key does. */
export function isOwnKey({ key: own, schema }: Relation, key: GroupKey): boolean {
  if (own === null || key === null) return false;
  if (!isOfSeveral(key)) return key === own || key === keyTextOf(schema, own);
  const [only, ...others] = key;
  return only !== undefined && others.length === 0 && only.field === keyTextOf(schema, own);
}

/** Whether one partition has all events of this key: the key is the relation's own, and its source keeps to it. */
export function isKeptTogether(relation: Relation, key: string | null): boolean {
  return isOwnKey(relation, key) && readBy(relation).isScattered !== true;
}

/** How the relation's events are made of those in logs; undefined where they are those. */
export function viewOf({ view }: Relation): ViewSpec | undefined {
  if (view === undefined) return undefined;
  const of = viewOf(view.of);
  return { selection: view.selection, schema: view.of.schema, ...(of === undefined ? {} : { of }) };
}
