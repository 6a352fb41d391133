/** Results of groups: one each time that a group fires, with its revision. */
import type { WindowResult, WindowValue } from '../messages/window-result.ts';
import {
  COUNT,
  closeGroup,
  eventsOf,
  type Groups,
  keyOfGroup,
  openForGroup,
  REPORTED,
  REVISION,
  setRevision,
} from './groups.ts';

/** Takes results one by one and keeps none: the next result reuses the object of the aggregates. */
export interface WindowResults {
  push(result: WindowResult): unknown;
}

/**
 * Gives a result of a group, and counts it. A result that does not meet the window's `having` takes back the group's result
 * before it.
 */
export function emitGroup(
  groups: Groups,
  group: number,
  start: number,
  end: number,
  at: number,
  out: WindowResults,
): void {
  const revision = group * groups.stride + REVISION;
  if (give(groups, group, start, end, at, groups.rows[revision]!, out)) groups.rows[revision]! += 1;
  else takeBack(groups, group, start, end, at, out);
}

/** Gives a result of a group, unless a flush gave the same. */
export function emitNews(
  groups: Groups,
  group: number,
  start: number,
  end: number,
  at: number,
  out: WindowResults,
): void {
  const row = group * groups.stride;
  const isGiven = groups.rows[row + REVISION]! > 0 && groups.rows[row + REPORTED] === groups.rows[row + COUNT];
  if (!isGiven) emitGroup(groups, group, start, end, at, out);
}

/** Takes back a group's result: a result without events takes its place. */
export function takeBack(
  groups: Groups,
  group: number,
  start: number,
  end: number,
  at: number,
  out: WindowResults,
): void {
  const row = group * groups.stride;
  const revision = groups.rows[row + REVISION]!;
  if (groups.rows[row + REPORTED] === 0) return;
  const nothing = openForGroup(groups, group);
  setRevision(groups, nothing, revision);
  emitGroup(groups, nothing, start, end, at, out);
  closeGroup(groups, nothing);
  groups.rows[row + REVISION] = revision + 1;
  groups.rows[row + REPORTED] = 0;
}

/** The lowest revision of an early result: windows further ahead than whole numbers reach begin here. */
const INT_MIN = -(2 ** 31);

/**
 * Gives a group's early result, when it has news. The revision is negative: minus the early results that may still come,
 * minus 1. So each result replaces the previous one, and the result on time has revision 0, however often the watermark
 * stopped before.
 */
export function emitEarly(
  groups: Groups,
  group: number,
  start: number,
  end: number,
  at: number,
  earlyMs: number,
  out: WindowResults,
): void {
  const row = group * groups.stride;
  const count = groups.rows[row + COUNT]!;
  if (count === Math.abs(groups.rows[row + REPORTED]!)) return;
  const timesLeft = Math.floor(end / earlyMs) - Math.floor((at + 1) / earlyMs);
  const revision = Math.max(-1 - timesLeft, INT_MIN);
  if (give(groups, group, start, end, at, revision, out)) groups.rows[row + REPORTED] = -count;
  else if (groups.rows[row + REPORTED] !== 0) {
    const nothing = openForGroup(groups, group);
    give(groups, nothing, start, end, at, revision, out);
    closeGroup(groups, nothing);
    groups.rows[row + REPORTED] = 0;
  }
}

/**
 * Gives a result, unless the window's `having` refuses it. Returns whether it was given: a result without events always is.
 */
function give(
  groups: Groups,
  group: number,
  start: number,
  end: number,
  at: number,
  revision: number,
  out: WindowResults,
): boolean {
  const { names, ofNothing, decimals, results, rows, stride, finish } = groups;
  const count = eventsOf(groups, group);
  const key = keyOfGroup(groups, group);
  for (let i = 0; i < names.length; i++) {
    const value = resultOf(groups, group, i) ?? ofNothing[i]!;
    const decimal = decimals[i]!;
    results[names[i]!] = decimal === null ? value : decimal(value);
  }
  const result = { key: key === null ? null : String(key), start, end, revision, at, count, aggregates: results };
  if (finish !== null && !finish(result, results)) return false;
  out.push(result);
  rows[group * stride + REPORTED] = count;
  return true;
}

/** The result of one aggregate of a group; decimals are whole numbers of their scale. */
export function resultOf(groups: Groups, group: number, aggregate: number): WindowValue {
  const own = groups.states[aggregate]!;
  if (own.kind === 'objects') return own.result(group);
  return own.aggregate.result(groups.rows, group * groups.stride + own.offset, eventsOf(groups, group), groups.exact);
}

/** Counts the results of one group as those of another. */
export function inheritResults({ rows, stride }: Groups, into: number, from: number): void {
  const [to, by] = [into * stride, from * stride];
  rows[to + REVISION] = Math.max(rows[to + REVISION]!, rows[by + REVISION]!);
  if (rows[by + REPORTED] !== 0) rows[to + REPORTED] = rows[by + REPORTED]!;
}
