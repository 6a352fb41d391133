/**
 * How far the logs of an exchange came, and how much of that each of its partitions was told. A partition gets the events
 * of its own keys only, but its watermark has to follow all events. So each event that a partition gets comes with how far
 * the events of other partitions moved the logs. Results then depend neither on the number of partitions nor on which keys
 * share a partition.
 */
import { encodeSeen } from '../messages/seen-times.ts';
import type { LogTime } from '../messages/streams.ts';
import type { LogOrder } from './log-order.ts';

/** Stands in place of a partition for an event that no partition gets. The event's time counts. */
export const NOWHERE = -1;

/** What a partition gets of a block. */
export interface Share {
  readonly partition: number;
  /** In order; at least one. */
  readonly rows: Uint32Array;
  readonly before: LogTime[];
  readonly seen: Buffer;
}

export interface ExchangeTimes {
  /** Shares out a block of a log, by the partition of each row. */
  share(log: string, timesMs: Float64Array, partitionOfRow: Int32Array): Share[];
  /** The log's source moved its watermark. */
  moved(log: string, watermarkMs: number): void;
  /**
   * All partitions were told that the log is flushed. The log's next event ends the flush for all of them, whatever the
   * event's time.
   */
  flushed(log: string): void;
  /**
   * All partitions were told that the log is idle. They have to be told of the log's next event, even if it moves nothing.
   */
  idled(log: string): void;
  /**
   * The partition has all that was read of the log up to now. Telling it again would be wrong where the log was idle after
   * that: the log would seem to have had another event.
   */
  known(partition: number, log: string): void;
  /** Takes the times that the partition does not know yet, and counts them as known from now on. */
  tell(partition: number): LogTime[];
  /** Whether there is anything of this log that the partition does not know. */
  owes(partition: number, log: string): boolean;
}

interface LogState {
  latestMs: number;
  watermarkMs: number;
  /** By partition. */
  readonly toldMs: Float64Array;
  readonly toldWatermarkMs: Float64Array;
  /** 1 where the partition may take the log for idle or flushed. */
  readonly isQuiet: Uint8Array;
  /** 1 where the partition has to be told that there was an event, though the event moved no time. */
  readonly isOwed: Uint8Array;
  /** 1 where the partition has to be told of a watermark of the source that moved nothing: it ends the log's flush. */
  readonly isWoken: Uint8Array;
}

const NEVER = Number.NEGATIVE_INFINITY;

export function createExchangeTimes(partitions: number, order: LogOrder): ExchangeTimes {
  const logs = new Map<string, LogState>();
  function stateOf(log: string): LogState {
    let state = logs.get(log);
    if (state === undefined) {
      state = {
        latestMs: NEVER,
        watermarkMs: NEVER,
        toldMs: new Float64Array(partitions).fill(NEVER),
        toldWatermarkMs: new Float64Array(partitions).fill(NEVER),
        // Nothing is known of what a partition heard before this process.
        isQuiet: new Uint8Array(partitions).fill(1),
        isOwed: new Uint8Array(partitions),
        isWoken: new Uint8Array(partitions),
      };
      logs.set(log, state);
    }
    return state;
  }
  function tellOf(log: string, state: LogState, partition: number): LogTime | null {
    if (!isOwing(state, partition)) return null;
    const { latestMs, watermarkMs, toldMs, toldWatermarkMs, isOwed, isQuiet, isWoken } = state;
    const isLater = latestMs > toldMs[partition]! || isOwed[partition] === 1;
    const occurredAt = isLater && latestMs > NEVER ? latestMs : null;
    const isMoved = watermarkMs > toldWatermarkMs[partition]! || isWoken[partition] === 1;
    const watermark = isMoved && watermarkMs > NEVER ? watermarkMs : null;
    toldMs[partition] = Math.max(toldMs[partition]!, latestMs);
    toldWatermarkMs[partition] = Math.max(toldWatermarkMs[partition]!, watermarkMs);
    if (occurredAt !== null) isQuiet[partition] = 0;
    isOwed[partition] = 0;
    isWoken[partition] = 0;
    return { log, occurredAt, watermark };
  }

  function tell(partition: number): LogTime[] {
    return [...logs].flatMap(([log, state]) => tellOf(log, state, partition) ?? []);
  }

  return {
    share(log, timesMs, partitionOfRow) {
      const state = stateOf(log);
      const { toldMs } = state;
      const { starts, counts } = placesOf(partitionOfRow, partitions);
      const rows = new Uint32Array(timesMs.length);
      const seenMs = new Float64Array(timesMs.length).fill(Number.NaN);
      const before: LogTime[][] = counts.map(() => []);
      const taken = new Uint32Array(partitions);
      for (let row = 0; row < timesMs.length; row++) {
        const timeMs = timesMs[row]!;
        const partition = partitionOfRow[row]!;
        if (partition >= 0) {
          const at = starts[partition]! + taken[partition]!++;
          rows[at] = row;
          if (taken[partition] === 1) {
            before[partition] = tell(partition);
          } else if (state.latestMs > toldMs[partition]!) {
            seenMs[at - 1] = state.latestMs;
            toldMs[partition] = state.latestMs;
          }
          if (timeMs > toldMs[partition]!) toldMs[partition] = timeMs;
        }
        if (timeMs > state.latestMs) state.latestMs = timeMs;
      }
      order.reached(log, state.latestMs);
      return counts.flatMap((count, partition): Share[] => {
        if (count === 0) {
          if (state.isQuiet[partition] === 1 && timesMs.length > 0) state.isOwed[partition] = 1;
          return [];
        }
        state.isQuiet[partition] = 0;
        const start = starts[partition]!;
        const own = { rows: rows.subarray(start, start + count), before: before[partition]! };
        return [{ partition, ...own, seen: encodeSeen(seenMs.subarray(start, start + count)) }];
      });
    },
    moved(log, watermarkMs) {
      const state = stateOf(log);
      state.watermarkMs = Math.max(state.watermarkMs, watermarkMs);
      for (let i = 0; i < partitions; i++) if (state.isQuiet[i] === 1) state.isWoken[i] = 1;
    },
    flushed: (log) => void stateOf(log).isQuiet.fill(1),
    idled: (log) => void stateOf(log).isQuiet.fill(1),
    known(partition, log) {
      const { latestMs, watermarkMs, toldMs, toldWatermarkMs, isOwed, isWoken } = stateOf(log);
      toldMs[partition] = Math.max(toldMs[partition]!, latestMs);
      toldWatermarkMs[partition] = Math.max(toldWatermarkMs[partition]!, watermarkMs);
      isOwed[partition] = 0;
      isWoken[partition] = 0;
    },
    tell,
    owes: (partition, log) => isOwing(stateOf(log), partition),
  };
}

function isOwing(state: LogState, partition: number): boolean {
  const { latestMs, toldMs, watermarkMs, toldWatermarkMs, isOwed, isWoken } = state;
  if (isOwed[partition] === 1 || isWoken[partition] === 1) return true;
  return latestMs > toldMs[partition]! || watermarkMs > toldWatermarkMs[partition]!;
}

/** The place at which each partition's rows begin among all rows, and the number of its rows. */
function placesOf(partitionOfRow: Int32Array, partitions: number): { starts: number[]; counts: number[] } {
  const counts = new Array<number>(partitions).fill(0);
  for (const partition of partitionOfRow) if (partition >= 0) counts[partition]! += 1;
  let start = 0;
  const starts = counts.map((count) => {
    start += count;
    return start - count;
  });
  return { starts, counts };
}
