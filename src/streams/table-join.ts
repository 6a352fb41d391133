/**
 * Temporal join of a stream with a versioned table: an event sees the row of its key as it was at the event's time. The
 * event waits until the watermark, less the grace, says that no change up to its time is still to come. An event that comes
 * after that is joined at once (Kafka Streams, KStreamKTableJoinProcessor with a grace period). Kafka's stream time is the
 * largest time seen, 1 ms ahead of a watermark without a bound; the grace is counted as in Kafka.
 *
 * A replaced version goes once the watermark has passed its replacement by `historyMs`, or by the grace if that is longer.
 * An event from before then is late: the row that it should see may be gone.
 *
 * A deletion is a version too. The newest version of a key stays, row or deletion: an older row may come however late, and
 * must not bring the key back. So state grows with the keys of the table, not with time.
 */

import {
  isLarger,
  type JoinEntry,
  type JoinEvent,
  type JoinOperator,
  type JoinResults,
  NO_ROW,
  type TableJoinSpec,
} from './join-kind.ts';
import type { Key } from './key-column.ts';
import { addTimer, createTimers, nextDeadlineMs, takeTimer } from './timers.ts';

interface Waiting {
  readonly key: Key;
  readonly timeMs: number;
  readonly event: JoinEvent;
  /** The sequence of the row with which a flush gave the event; null when none did. */
  given: number | null;
}

/** A row from its time on; null for a deletion. */
interface Version {
  readonly timeMs: number;
  readonly sequence: number;
  readonly event: JoinEvent | null;
}

export function createTableJoin({ type, graceMs, historyMs, ofJoin }: TableJoinSpec): JoinOperator {
  const waiting = new Map<number, Waiting>();
  const release = createTimers();
  /** The versions of each key in order of time. */
  const versions = new Map<Key, Version[]>();
  const keyOfSequence = new Map<number, Key>();
  const ageing = createTimers();
  const waitMs = Math.max(graceMs - 1, 0);
  const keptMs = Math.max(historyMs, graceMs);
  let nextSequence = 0;

  function rowAt(key: Key, timeMs: number): Version | undefined {
    if (key === null) return undefined;
    return versions.get(key)?.findLast((version) => version.timeMs <= timeMs);
  }
  /** Gives an event with its row, unless a flush gave the same. Returns the row's sequence. */
  function give({ key, timeMs, event, given }: Waiting, out: JoinResults): number {
    const version = rowAt(key, timeMs);
    const right = version?.event ?? null;
    const row = right === null ? NO_ROW : (version?.sequence ?? NO_ROW);
    if (row !== given && (right !== null || type === 'left')) out.push({ key, left: event, right, ts: timeMs });
    return row;
  }
  function hold(sequence: number, own: Waiting): void {
    waiting.set(sequence, own);
    addTimer(release, own.timeMs + waitMs, sequence);
  }
  function change(key: Key, version: Version): void {
    const all = versions.get(key) ?? [];
    let place = all.length;
    while (place > 0 && all[place - 1]!.timeMs > version.timeMs) place -= 1;
    // Among changes of one time the last holds: a key's changes lie in one log, in the order of their source.
    const before = all[place - 1];
    if (before?.timeMs !== version.timeMs) all.splice(place, 0, version);
    else if (ofJoin !== true || isLarger(version.event, before.event)) all[place - 1] = version;
    else return;
    versions.set(key, all);
    keyOfSequence.set(version.sequence, key);
    addTimer(ageing, version.timeMs + keptMs, version.sequence);
  }
  /** Forgets versions before the newest one that is old enough: no event may ask for them any more. */
  function age(key: Key, watermarkMs: number): void {
    const all = versions.get(key) ?? [];
    const first = all.findLastIndex(({ timeMs }) => timeMs + keptMs <= watermarkMs);
    if (first > 0) all.splice(0, first);
  }

  return {
    add(side, key, timeMs, event, watermarkMs, out) {
      if (side === 'left' && timeMs + keptMs < watermarkMs) return watermarkMs - timeMs;
      const sequence = nextSequence++;
      if (side === 'right') change(key, { timeMs, sequence, event });
      else if (timeMs + waitMs <= watermarkMs) give({ key, timeMs, event, given: null }, out);
      else hold(sequence, { key, timeMs, event, given: null });
      return null;
    },
    remove(side, key, timeMs) {
      if (side === 'right') change(key, { timeMs, sequence: nextSequence++, event: null });
    },
    advance(watermarkMs, out) {
      while (nextDeadlineMs(release) <= watermarkMs) {
        const sequence = takeTimer(release);
        const own = waiting.get(sequence);
        waiting.delete(sequence);
        if (own !== undefined) give(own, out);
      }
      while (nextDeadlineMs(ageing) <= watermarkMs) {
        const sequence = takeTimer(ageing);
        const key = keyOfSequence.get(sequence);
        keyOfSequence.delete(sequence);
        if (key !== undefined) age(key, watermarkMs);
      }
    },
    flush(out) {
      const inOrder = [...waiting].sort(([one, a], [other, b]) => a.timeMs - b.timeMs || one - other);
      for (const [, own] of inOrder) own.given = give(own, out);
    },
    snapshot: (): JoinEntry[] => [
      ...[...waiting].map(([sequence, own]) => ({ side: 'left' as const, sequence, isMatched: false, ...own })),
      ...[...versions].flatMap(([key, all]) =>
        all.map((version) => ({ side: 'right' as const, key, isMatched: false, given: null, ...version })),
      ),
    ],
    restore(entries) {
      for (const { side, key, timeMs, sequence, event, given } of entries) {
        if (side === 'right') change(key, { timeMs, sequence, event });
        else if (event !== null) hold(sequence, { key, timeMs, event, given });
        nextSequence = Math.max(nextSequence, sequence + 1);
      }
    },
    size: () => waiting.size + [...versions.values()].reduce((sum, all) => sum + all.length, 0),
  };
}
