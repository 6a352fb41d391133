/** What groups give: a result for each time that one fires, and their revisions. */
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

/** Takes results one by one, and keeps none: the next one has its aggregates in the same object. */
export interface WindowResults {
  push(result: WindowResult): unknown;
}

/** Gives a result of a group, and counts it. */
export function emitGroup(
  groups: Groups,
  group: number,
  start: number,
  end: number,
  at: number,
  out: WindowResults,
): void {
  const revision = group * groups.stride + REVISION;
  give(groups, group, start, end, at, groups.rows[revision]!, out);
  groups.rows[revision]! += 1;
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

/** What a flush gave of a group does not hold any more: a result of no events takes its place. */
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
  if (revision === 0 || groups.rows[row + REPORTED] === 0) return;
  const nothing = openForGroup(groups, group);
  setRevision(groups, nothing, revision);
  emitGroup(groups, nothing, start, end, at, out);
  closeGroup(groups, nothing);
  groups.rows[row + REVISION] = revision + 1;
  groups.rows[row + REPORTED] = 0;
}

/** Where the revisions of early results of windows begin that are further ahead than there are whole numbers for. */
const INT_MIN = -(2 ** 31);

/**
 * Gives what a group has so far, when that is news. The revision is how many more such results may come, below 0: so each
 * replaces the one before, and that on time, of revision 0, does not depend on how often its watermark stopped before it.
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
  give(groups, group, start, end, at, Math.max(-1 - timesLeft, INT_MIN), out);
  groups.rows[row + REPORTED] = -count;
}

function give(
  groups: Groups,
  group: number,
  start: number,
  end: number,
  at: number,
  revision: number,
  out: WindowResults,
): void {
  const { names, ofNothing, results, rows, stride } = groups;
  const count = eventsOf(groups, group);
  const key = keyOfGroup(groups, group);
  for (let i = 0; i < names.length; i++) results[names[i]!] = resultOf(groups, group, i) ?? ofNothing[i]!;
  out.push({ key: key === null ? null : String(key), start, end, revision, at, count, aggregates: results });
  rows[group * stride + REPORTED] = count;
}

/** What one of the aggregates gives of a group. */
export function resultOf(groups: Groups, group: number, aggregate: number): WindowValue {
  const own = groups.states[aggregate]!;
  if (own.kind === 'objects') return own.result(group);
  return own.aggregate.result(groups.rows, group * groups.stride + own.offset, eventsOf(groups, group), groups.exact);
}

/** The results of one group count as those of another. */
export function inheritResults({ rows, stride }: Groups, into: number, from: number): void {
  const [to, by] = [into * stride, from * stride];
  rows[to + REVISION] = Math.max(rows[to + REVISION]!, rows[by + REVISION]!);
  rows[to + REPORTED] = rows[by + REPORTED]!;
}
