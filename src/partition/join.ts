/** A join within a partition that reads the logs of both sides: events and deletions in, results and late events out. */

import type { AvroRecord } from '../messages/avro.ts';
import type { DynamicEvent, EventType } from '../messages/codec.ts';
import type { Joined, JoinOperator, JoinResults, JoinSpec, Side } from '../streams/join.ts';
import { createJoin, heldBackMs } from '../streams/joins.ts';
import { keyAt, keyColumn } from '../streams/key-column.ts';
import { END_OF_TIME_MS, type WatermarkPolicy } from '../streams/watermark.ts';
import type { PartitionSnapshot } from './snapshot.ts';
import type { Derived, EventsStep, Work } from './work.ts';

/** What is joined to the stream of a partition, as plain data. */
export interface DerivationJoin {
  readonly spec: JoinSpec;
  /** The fields by whose values events match; `record.field` of a nested record. */
  readonly leftKey: string;
  readonly right: {
    readonly key: string;
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
  readonly sides: Readonly<Record<Side, { readonly key: string; readonly type: EventType<DynamicEvent> }>>;
  readonly rightChannels: readonly string[];
  snapshot(): JoinedState[];
  restore(states: readonly JoinedState[]): void;
}

type JoinedState = PartitionSnapshot['joined'][number];

export function createPartitionJoin(
  name: string,
  { spec, leftKey, right }: DerivationJoin,
  leftType: EventType<DynamicEvent>,
  rightType: EventType<DynamicEvent>,
): PartitionJoin {
  const operator = createJoin(spec);
  return {
    name,
    operator,
    heldBackMs: heldBackMs(spec),
    sides: { left: { key: leftKey, type: leftType }, right: { key: right.key, type: rightType } },
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
  const { columns, timesMs, watermarksMs } = step;
  const { key: keyField, type } = sides[side];
  const keys = keyColumn(columns, keyField);
  let watermarkMs = step.watermarkBeforeMs;
  for (let i = 0; i < columns.count; i++) {
    const key = keyAt(keys, i);
    const occurredAt = timesMs[i]!;
    const event = columns.binary(i) ?? type.encode(columns.event(i)).toString('latin1');
    const latenessMs = operator.add(side, key, occurredAt, event, watermarkMs, out);
    if (latenessMs !== null) {
      const text = key === null ? null : String(key);
      const json = JSON.stringify(columns.event(i));
      late.push({ window: name, key: text, occurredAt, latenessMs, windows: 1, event: json });
    }
    const afterMs = watermarksMs[i]!;
    if (afterMs !== watermarkMs) {
      watermarkMs = afterMs;
      operator.advance(watermarkMs, out);
    }
  }
}
