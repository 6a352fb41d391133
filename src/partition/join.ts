/** A join within a partition that reads the logs of both sides: events and deletions in, results and late events out. */

import type { AvroRecord } from '../messages/avro.ts';
import type { DynamicEvent, EventType } from '../messages/codec.ts';
import { valueAt } from '../messages/columns.ts';
import type { Joined, JoinOperator, JoinResults, JoinSpec, Side } from '../streams/join.ts';
import { createJoin, heldBackMs } from '../streams/joins.ts';
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
  readonly leftKey: string;
  readonly rightKey: string;
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
  const typeOf = (side: Side): EventType<DynamicEvent> => (side === 'left' ? leftType : rightType);
  return {
    name,
    operator,
    heldBackMs: heldBackMs(spec),
    leftKey,
    rightKey: right.key,
    rightChannels: right.channels,
    snapshot: () =>
      operator.snapshot().map(({ event, ...entry }) => ({
        ...entry,
        event: event === null ? null : Buffer.from(typeOf(entry.side).encode(event)),
      })),
    restore: (states) =>
      operator.restore(
        states.map(({ event, ...state }) => ({
          ...state,
          event: event === null ? null : typeOf(state.side).decode(event),
        })),
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
  { name, operator, leftKey, rightKey }: PartitionJoin,
  step: EventsStep,
  side: Side,
  out: JoinResults,
  { late }: Derived,
): void {
  const { columns, timesMs, watermarksMs } = step;
  let watermarkMs = step.watermarkBeforeMs;
  for (let i = 0; i < columns.count; i++) {
    const event = columns.event(i);
    const key = keyOf(event, side === 'left' ? leftKey : rightKey);
    const occurredAt = timesMs[i]!;
    const latenessMs = operator.add(side, key, occurredAt, event, watermarkMs, out);
    if (latenessMs !== null) {
      const text = key === null ? null : String(key);
      late.push({ window: name, key: text, occurredAt, latenessMs, windows: 1, event: JSON.stringify(event) });
    }
    const afterMs = watermarksMs[i]!;
    if (afterMs !== watermarkMs) {
      watermarkMs = afterMs;
      operator.advance(watermarkMs, out);
    }
  }
}

function keyOf(event: Readonly<Record<string, unknown>>, field: string): string | number | null {
  const key = valueAt(event, field);
  if (key === null || typeof key === 'string' || typeof key === 'number') return key;
  throw new Error(`The field ${field} can't be the key of a join: it is neither a whole number nor a text`);
}
