/** What windows and joins are of: a stream, a stream that is derived from it, or what a join or an operator gives. */
import type { AvroRecord } from '../../messages/avro.ts';
import type { SelectionSpec } from '../../streams/selection.ts';

export interface Relation {
  readonly name: string;
  readonly schema: AvroRecord;
  /** Null for a derived stream that does not select the key of its stream. */
  readonly key: string | null;
  readonly eventTime: string;
  readonly partitions: number;
  readonly watermark:
    | {
        readonly kind: 'bounded';
        readonly outOfOrdernessMs: number;
        readonly idleTimeoutMs: number | null;
        readonly maxAheadMs: number | null;
      }
    | { readonly kind: 'scripted' };
  /** What the logs that have its events are named for, where that is not the relation itself: an output of an operator. */
  readonly log?: string;
  /** Of a derived stream: the stream that is read in its place, and how its events come of that one's. */
  readonly view?: { readonly of: Relation; readonly selection: SelectionSpec };
}

/** What the logs that have a relation's events are named for. */
export function logOf(relation: Relation): string {
  const read = readBy(relation);
  return read.log ?? read.name;
}

/** The relation whose events are in logs: of a derived stream the one that it is derived from. */
export function readBy(relation: Relation): Relation {
  return relation.view?.of ?? relation;
}
