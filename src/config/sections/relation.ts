/** What windows, joins, derived streams and operators are of: whatever of a pipeline has events. */
import type { AvroRecord } from '../../messages/avro.ts';
import { keyTextOf } from '../../streams/field-key.ts';
import { type GroupKey, isOfSeveral } from '../../streams/group-key.ts';
import type { SelectionSpec, ViewSpec } from '../../streams/selection.ts';

export interface Relation {
  readonly name: string;
  readonly schema: AvroRecord;
  /** Null for a derived stream that does not select the key of what it is of. */
  readonly key: string | null;
  readonly eventTime: string;
  /** The time of an event is that field less so many ms; absent for none. */
  readonly timeLessMs?: number;
  readonly partitions: number;
  readonly watermark:
    | {
        readonly kind: 'bounded';
        readonly outOfOrdernessMs: number;
        readonly idleTimeoutMs: number | null;
        readonly maxAheadMs: number | null;
        /** How long others wait for one of its partitions that is behind; absent where they wait for ever. */
        readonly maxWaitMs?: number;
      }
    | { readonly kind: 'scripted' };
  /** Its source brings events of one key in any of its partitions; absent where a key is in one. */
  readonly isScattered?: true;
  /** Its events are rows of a table by its key, which one without a left and a right event deletes: a join of two tables. */
  readonly isTable?: true;
  /** Its events stand in the logs of another stream beside that one's, and are no news of how far its time has come. */
  readonly isBeside?: true;
  /** What the logs that have its events are named for; absent for a stream, whose name that is. */
  readonly log?: string;
  /** Of a derived stream, and of a window's results: what is read in its place, and how its events come of those. */
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

/** Whether a key that something is grouped by is the relation's own. */
export function isOwnKey({ key: own, schema }: Relation, key: GroupKey): boolean {
  if (own === null || key === null) return false;
  if (!isOfSeveral(key)) return key === own || key === keyTextOf(schema, own);
  const [only, ...others] = key;
  return only !== undefined && others.length === 0 && only.field === keyTextOf(schema, own);
}

/** Whether all events of this key come in one partition by themselves: it is the relation's own, and its source keeps to it. */
export function isKeptTogether(relation: Relation, key: string | null): boolean {
  return isOwnKey(relation, key) && readBy(relation).isScattered !== true;
}

/** How the events come of those that are in logs; undefined where they are those. */
export function viewOf({ view }: Relation): ViewSpec | undefined {
  if (view === undefined) return undefined;
  const of = viewOf(view.of);
  return { selection: view.selection, schema: view.of.schema, ...(of === undefined ? {} : { of }) };
}
