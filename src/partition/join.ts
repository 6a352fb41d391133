/** A join within a partition that reads the logs of both sides: events and deletions in, results and late events out. */

import type { AvroRecord } from '../messages/avro.ts';
import { type DynamicEvent, dynamicEventType, type EventType } from '../messages/codec.ts';
import type { Joined, JoinOperator, JoinResults, JoinSpec, Side } from '../streams/join-kind.ts';
import { createJoin, heldBackMs } from '../streams/join-operator.ts';
import { keyAt, keyColumn } from '../streams/key-column.ts';
import { createView, type View, type ViewSpec, viewSchema } from '../streams/selection.ts';
import { END_OF_TIME_MS, type WatermarkPolicy } from '../streams/watermark.ts';
import type { PartitionSnapshot } from './snapshot.ts';
import type { Derived, EventsStep, Work } from './work.ts';

/** What is joined to the stream of a partition, as plain data. */
export interface DerivationJoin {
  readonly spec: JoinSpec;
  /** The fields by whose values events match; `record.field` of a nested record. */
  readonly leftKey: string;
  /** The derived stream that is the left side; absent where that is the stream of the partition itself. So of the right. */
  readonly leftOf?: ViewSpec;
  readonly right: {
    readonly key: string;
    readonly of?: ViewSpec;
    readonly schema: AvroRecord;
    readonly timeField: string;
    readonly watermark: WatermarkPolicy;
    readonly channels: readonly string[];
  };
}

/** A join, which of its partition's channels are those of the right side, and how its state goes into a snapshot. */
export interface PartitionJoin {
  readonly name: string;
  readonly operator: JoinOperator;
  /** How far its results may be behind its input. */
  readonly heldBackMs: number;
  readonly sides: Readonly<Record<Side, JoinSide>>;
  readonly rightChannels: readonly string[];
  snapshot(): JoinedState[];
  restore(states: readonly JoinedState[]): void;
}

interface JoinSide {
  readonly key: string;
  readonly type: EventType<DynamicEvent>;
  readonly view: View | null;
}

type JoinedState = PartitionSnapshot['joined'][number];

export function createPartitionJoin(
  name: string,
  { spec, leftKey, leftOf, right }: DerivationJoin,
  leftType: EventType<DynamicEvent>,
  rightType: EventType<DynamicEvent>,
): PartitionJoin {
  const operator = createJoin(spec);
  return {
    name,
    operator,
    heldBackMs: heldBackMs(spec),
    sides: { left: sideOf(leftKey, leftType, leftOf), right: sideOf(right.key, rightType, right.of) },
    rightChannels: right.channels,
    snapshot: () =>
      operator
        .snapshot()
        .map(({ event, ...entry }) => ({ ...entry, event: event === null ? null : Buffer.from(event, 'latin1') })),
    restore: (states) =>
      operator.restore(
        states.map(({ event, ...state }) => ({ ...state, event: event === null ? null : event.toString('latin1') })),
      ),
  };
}

function sideOf(key: string, type: EventType<DynamicEvent>, of: ViewSpec | undefined): JoinSide {
  return of === undefined
    ? { key, type, view: null }
    : { key, type: dynamicEventType(viewSchema(of)), view: createView(of) };
}

/**
 * Throws when an event has not its side's key. What it derives ends with its watermark: all that the results of its input
 * so far are, so that they may be input of another partition.
 */
export function joinSides(join: PartitionJoin, { steps, derived }: Work): void {
  const { operator } = join;
  const out = {
    push: ({ key, ...result }: Joined): unknown =>
      derived.joined.push({ key: key === null ? null : String(key), ...result }),
  };
  for (const step of steps) {
    if (step.kind === 'flush') {
      operator.flush(out);
      derived.flushes.push({ reason: 'upstream' });
      continue;
    }
    const isRight = step.kind !== 'watermark' && join.rightChannels.includes(step.channel);
    if (step.kind === 'events') joinEvents(join, step, isRight ? 'right' : 'left', out, derived);
    else if (step.kind === 'deletion' && isRight) operator.remove(step.key, step.occurredAt);
    if (step.kind !== 'events') operator.advance(step.watermarkMs, out);
  }
  const reachedMs = watermarkAfter(steps);
  if (!Number.isFinite(reachedMs)) return;
  const watermark = reachedMs === END_OF_TIME_MS ? reachedMs : reachedMs - join.heldBackMs;
  derived.controls.push({ control: 'watermark', watermark });
}

function watermarkAfter(steps: Work['steps']): number {
  const last = steps.at(-1);
  if (last === undefined) return Number.NEGATIVE_INFINITY;
  return last.kind === 'events' ? (last.watermarksMs.at(-1) ?? last.watermarkBeforeMs) : last.watermarkMs;
}

function joinEvents(
  { name, operator, sides }: PartitionJoin,
  step: EventsStep,
  side: Side,
  out: JoinResults,
  { late }: Derived,
): void {
  const { timesMs, watermarksMs } = step;
  const { key: keyField, type, view } = sides[side];
  const columns = view === null ? step.columns : view.begin(step.columns, timesMs);
  const keys = keyColumn(columns, keyField);
  let watermarkMs = step.watermarkBeforeMs;
  for (let i = 0; i < columns.count; i++) {
    if (view === null || view.takes(i)) {
      const key = keyAt(keys, i);
      const occurredAt = timesMs[i]!;
      const event = columns.binary(i) ?? type.encode(columns.event(i)).toString('latin1');
      const latenessMs = operator.add(side, key, occurredAt, event, watermarkMs, out);
      if (latenessMs !== null) {
        const text = key === null ? null : String(key);
        const json = JSON.stringify(columns.event(i));
        late.push({ window: name, key: text, occurredAt, latenessMs, windows: 1, event: json });
      }
    }
    const afterMs = watermarksMs[i]!;
    if (afterMs !== watermarkMs) {
      watermarkMs = afterMs;
      operator.advance(watermarkMs, out);
    }
  }
}
