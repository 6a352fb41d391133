/**
 * Join of two versioned tables, which is itself a table: at each time at which a row of either changes, the joined row as of
 * that time, or its deletion where there was one and is none any more. It is Kafka Streams' join of two KTables by event time:
 * a time is given once the watermark, less the grace, says that no change up to it is still to come.
 *
 * A row of the left table may refer to the right table by a field (a foreign key, KIP-213); the joined row then has the key of
 * its left row. Without such a field both tables have the same keys.
 *
 * A change that comes later is taken nevertheless: the times from its own on, up to the next change of its row, are given again.
 * Of results of one key and time the last holds. A change that was replaced longer ago than `historyMs` (or the grace, if that
 * is longer) is late. The newest version of each row stays, row or deletion, as in a join of a stream with a table.
 */
import {
  isLarger,
  type JoinEntry,
  type JoinEvent,
  type JoinOperator,
  type JoinResults,
  NO_ROW,
  type Side,
  type TablesJoinSpec,
} from './join-kind.ts';
import type { Key } from './key-column.ts';
import { createReferences } from './references.ts';
import { addTimer, createTimers, nextDeadlineMs, takeTimer } from './timers.ts';

interface Entry {
  readonly side: Side;
  readonly key: Key;
  readonly timeMs: number;
  readonly sequence: number;
  /** Null for a deletion. */
  readonly event: JoinEvent | null;
  /** The key in the right table that a left row refers to. */
  readonly ref: Key;
  /** Its time was given. */
  isGiven: boolean;
}

/** A row from its time on. */
interface Version extends Entry {
  /** Something was given of its time before it came. */
  readonly isAgain: boolean;
}

const NONE: readonly Version[] = [];

export function createTablesJoin(spec: TablesJoinSpec): JoinOperator {
  const { type, graceMs, historyMs, isForeign = false, byContent = [] } = spec;
  /** The versions of each key in order of time. */
  const tables: Readonly<Record<Side, Map<Key, Version[]>>> = { left: new Map(), right: new Map() };
  const bySequence = new Map<number, Version>();
  const references = createReferences();
  const release = createTimers();
  const ageing = createTimers();
  const waitMs = Math.max(graceMs - 1, 0);
  const keptMs = Math.max(historyMs, graceMs);
  let nextSequence = 0;

  const versionsOf = (side: Side, key: Key): readonly Version[] => tables[side].get(key) ?? NONE;
  const asOf = (side: Side, key: Key, timeMs: number): Version | undefined =>
    versionsOf(side, key).findLast((version) => version.timeMs <= timeMs);
  const before = (side: Side, key: Key, timeMs: number): Version | undefined =>
    versionsOf(side, key).findLast((version) => version.timeMs < timeMs);
  const leftKeysTo = (key: Key): readonly Key[] => (isForeign ? references.to(key) : [key]);
  const refOf = (key: Key, left: Version | undefined): Key => (isForeign ? (left?.ref ?? null) : key);

  function isJoined(left: Version | undefined, right: Version | undefined): boolean {
    const hasLeft = left !== undefined && left.event !== null;
    const hasRight = right !== undefined && right.event !== null;
    if (type === 'inner') return hasLeft && hasRight;
    return hasLeft || (type === 'outer' && hasRight);
  }
  function wasJoined(key: Key, timeMs: number): boolean {
    const left = before('left', key, timeMs);
    return isJoined(left, before('right', refOf(key, left), timeMs));
  }
  function give(key: Key, timeMs: number, isAgain: boolean, out: JoinResults): void {
    const left = asOf('left', key, timeMs);
    const right = asOf('right', refOf(key, left), timeMs);
    if (isJoined(left, right)) out.push({ key, left: left?.event ?? null, right: right?.event ?? null, ts: timeMs });
    else if (isAgain || wasJoined(key, timeMs)) out.push({ key, left: null, right: null, ts: timeMs });
  }
  function giveOwn(version: Version, out: JoinResults): void {
    const { side, key, timeMs, isAgain } = version;
    version.isGiven = true;
    if (side === 'left') {
      give(key, timeMs, isAgain, out);
      return;
    }
    for (const of of leftKeysTo(key)) {
      const left = asOf('left', of, timeMs);
      if (refOf(of, left) !== key) continue;
      // What changes at one time on both sides is given once, with the left row.
      if (left?.timeMs !== timeMs || (left.isGiven && isAgain)) give(of, timeMs, isAgain, out);
    }
  }
  /** Whether anything of the version's time was given before it came. */
  function isTimeGiven({ side, key, timeMs, ref }: Entry): boolean {
    const isGivenAt = (version: Version | undefined): boolean => version?.timeMs === timeMs && version.isGiven;
    if (side === 'left') return isGivenAt(asOf('right', isForeign ? ref : key, timeMs));
    return leftKeysTo(key).some((of) => isGivenAt(asOf('left', of, timeMs)));
  }
  /** Gives again what was given of later times that a change has a part in, up to the next change of its row. */
  function giveLater({ side, key, timeMs, ref }: Version, out: JoinResults): void {
    const nextMs = versionsOf(side, key).find((version) => version.timeMs > timeMs)?.timeMs ?? Number.POSITIVE_INFINITY;
    const givenTimes = (other: Side, of: Key): number[] =>
      versionsOf(other, of).flatMap((version) => {
        return version.isGiven && version.timeMs > timeMs && version.timeMs <= nextMs ? [version.timeMs] : [];
      });
    if (side === 'left') {
      const refs = isForeign ? [ref, before('left', key, timeMs)?.ref ?? null] : [key];
      giveAgain(key, [...refs.flatMap((of) => givenTimes('right', of)), ...givenTimes('left', key)], out);
      return;
    }
    for (const of of leftKeysTo(key)) giveAgain(of, [...givenTimes('left', of), ...givenTimes('right', key)], out);
  }
  function giveAgain(key: Key, timesMs: readonly number[], out: JoinResults): void {
    for (const timeMs of [...new Set(timesMs)].sort((a, b) => a - b)) give(key, timeMs, true, out);
  }
  /** Returns the version, unless another of its time holds in its place. */
  function keep(entry: Entry, wasAgain: boolean): Version | null {
    const { side, key, timeMs, sequence } = entry;
    const all = tables[side].get(key) ?? [];
    let place = all.length;
    while (place > 0 && all[place - 1]!.timeMs > timeMs) place -= 1;
    const same = all[place - 1]?.timeMs === timeMs ? all[place - 1] : undefined;
    // Among changes of one time the last holds: a key's changes lie in one log, in the order of their source.
    if (same !== undefined && byContent.includes(side) && !isLarger(entry.event, same.event)) return null;
    const isAgain = wasAgain || same?.isGiven === true || same?.isAgain === true || isTimeGiven(entry);
    const version = { ...entry, isAgain };
    if (same === undefined) all.splice(place, 0, version);
    else {
      all[place - 1] = version;
      forget(same);
    }
    tables[side].set(key, all);
    bySequence.set(sequence, version);
    if (side === 'left' && isForeign) references.add(version.ref, key);
    addTimer(ageing, timeMs + keptMs, sequence);
    return version;
  }
  function forget({ side, key, ref, sequence }: Version): void {
    bySequence.delete(sequence);
    if (side === 'left' && isForeign) references.remove(ref, key);
  }
  /** Returns how late it is, if it is too late. */
  function change(entry: Omit<Entry, 'sequence' | 'isGiven'>, watermarkMs: number, out: JoinResults): number | null {
    const { side, key, timeMs } = entry;
    // A row without a key is none.
    if (key === null) return null;
    const isReplaced = (tables[side].get(key)?.at(-1)?.timeMs ?? Number.NEGATIVE_INFINITY) > timeMs;
    if (isReplaced && timeMs + keptMs < watermarkMs) return watermarkMs - timeMs;
    const version = keep({ ...entry, sequence: nextSequence++, isGiven: false }, false);
    if (version === null) return null;
    if (timeMs + waitMs <= watermarkMs) giveOwn(version, out);
    else addTimer(release, timeMs + waitMs, version.sequence);
    giveLater(version, out);
    return null;
  }
  /** Forgets versions before the newest one that is old enough: no time before it is given any more. */
  function age({ side, key }: Version, watermarkMs: number): void {
    const all = tables[side].get(key) ?? [];
    const first = all.findLastIndex(({ timeMs }) => timeMs + keptMs <= watermarkMs);
    if (first > 0) for (const version of all.splice(0, first)) forget(version);
  }

  return {
    add: (side, key, timeMs, event, watermarkMs, out, ref = null) =>
      change({ side, key, timeMs, event, ref }, watermarkMs, out),
    remove: (side, key, timeMs, watermarkMs, out) =>
      void change({ side, key, timeMs, event: null, ref: null }, watermarkMs, out),
    advance(watermarkMs, out) {
      while (nextDeadlineMs(release) <= watermarkMs) {
        const version = bySequence.get(takeTimer(release));
        if (version !== undefined && !version.isGiven) giveOwn(version, out);
      }
      while (nextDeadlineMs(ageing) <= watermarkMs) {
        const version = bySequence.get(takeTimer(ageing));
        if (version !== undefined) age(version, watermarkMs);
      }
    },
    flush(out) {
      const open = [...bySequence.values()].filter(({ isGiven }) => !isGiven);
      open.sort((a, b) => a.timeMs - b.timeMs || a.sequence - b.sequence);
      for (const version of open) giveOwn(version, out);
    },
    snapshot: (): JoinEntry[] =>
      [...tables.left.values(), ...tables.right.values()].flat().map(({ isGiven, isAgain, ...version }) => {
        return { ...version, isMatched: isGiven, given: isAgain ? NO_ROW : null };
      }),
    restore(entries) {
      for (const { isMatched, given, ref = null, ...entry } of entries) {
        keep({ ...entry, ref, isGiven: isMatched }, given !== null);
        if (!isMatched) addTimer(release, entry.timeMs + waitMs, entry.sequence);
        nextSequence = Math.max(nextSequence, entry.sequence + 1);
      }
    },
    size: () => bySequence.size,
  };
}
