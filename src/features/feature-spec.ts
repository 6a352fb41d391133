/** Features of a stream as plain data, as the configuration gives them and a partition computes them. */
import type { UserFunction } from '../sql/user-function.ts';
import type { GroupKey } from '../streams/group-key.ts';

/** What a window's aggregate is of: fields of the event, or of the label that came for it. */
export type ValueOf = 'event' | 'label';

export type FeatureFunction =
  | 'count'
  | 'sum'
  | 'avg'
  | 'min'
  | 'max'
  | 'stddev'
  | 'share'
  | 'distinct'
  | 'first'
  | 'last'
  | 'lag';

export interface FeatureAggregate {
  /** The field of the vector; one of another feature's parts where it is hidden. */
  readonly field: string;
  readonly fn: FeatureFunction;
  /** The SQL whose values it is of; null for count() of events. */
  readonly value: string | null;
  readonly of: ValueOf;
  /** Only events of which this SQL is true; absent for all. */
  readonly where?: string;
  /** How many events back: of lag(). */
  readonly back?: number;
  /** Only other features are computed of it. */
  readonly isHidden?: true;
}

export interface ComputedFeature {
  readonly field: string;
  /** SQL over fields of the event and features before it. */
  readonly expression: string;
  readonly type: 'long' | 'double';
}

/** Events of a key in (t − delay − size, t − delay] of each event's time t, itself included where there is no delay. */
export interface FeatureWindow {
  readonly sizeMs: number;
  readonly delayMs: number;
  readonly aggregates: readonly FeatureAggregate[];
}

/** Labels: events that say later what became of an event. */
export interface LabelReading {
  /** What the partition calls the streams that bring them. */
  readonly inputs: readonly string[];
  /** By what a label finds its event, in the label and in the event. */
  readonly id: { readonly label: string; readonly event: string };
  /** The label's field that has the event's time; null where none has. */
  readonly eventTime: string | null;
}

/** Values of the newest event of another stream, of the same key, at or before each event's time. */
export interface AsOfReading {
  /** What the partition calls the stream. */
  readonly input: string;
  /** Of that stream; it is of as many fields as the stage's. */
  readonly key: GroupKey;
  /** The field that tells which of two events of one key and time is newer; null: their values do. */
  readonly order: string | null;
  /** An older one is none; null for any age. */
  readonly maxAgeMs: number | null;
  readonly values: readonly AsOfValue[];
}

export interface AsOfValue {
  readonly field: string;
  /** SQL over the other stream's event. */
  readonly value: string;
}

/** One hop: features of one key, added to events that may have features of other keys already. */
export interface FeatureStage {
  /** What the partition calls the stream whose events it takes. */
  readonly input: string;
  readonly timeField: string;
  /** Null: only what is computed of the event itself. */
  readonly key: GroupKey;
  /** The field that tells which of two events of one key and time comes first; null: their bytes do. */
  readonly order: string | null;
  readonly windows: readonly FeatureWindow[];
  /** Absent for none. */
  readonly asOf?: readonly AsOfReading[];
  /** Computed of the event and its features, in this order. */
  readonly computed: readonly ComputedFeature[];
  readonly labels?: LabelReading;
  /** All features of the vectors, as declared; absent of a stage that gives none. */
  readonly given?: readonly string[];
  /** Its output has features of other keys still to come: nobody but the next stage reads it. */
  readonly isInner?: true;
  /** Its vectors say whether something was behind that could have counted: `isPartial`. */
  readonly saysPartial?: true;
  /** Of users, that its expressions name; absent for none. */
  readonly functions?: readonly UserFunction[];
}

/** What stands in a vector before what is computed of it: aggregates, then values of other streams. */
export function measuredOf({
  windows,
  asOf = [],
}: Pick<FeatureStage, 'windows' | 'asOf'>): Pick<FeatureAggregate, 'field' | 'fn' | 'isHidden'>[] {
  const others = asOf.flatMap(({ values }) => values.map(({ field }) => ({ field, fn: 'last' as const })));
  return [...windows.flatMap(({ aggregates }) => aggregates), ...others];
}

/** How long after its event a label, or an event itself, may still count: what is older than that is forgotten. */
export function horizonMs(windows: readonly FeatureWindow[]): number {
  return Math.max(0, ...windows.map(({ sizeMs, delayMs }) => sizeMs + delayMs));
}
