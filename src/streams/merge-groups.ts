/** The events of groups in one group. */
import { COUNT, type Groups } from './groups.ts';

/** Adds the events of one group to another. */
export function mergeGroup(groups: Groups, into: number, from: number): void {
  const { rows, stride, exact } = groups;
  rows[into * stride + COUNT]! += rows[from * stride + COUNT]!;
  for (const own of groups.states) {
    if (own.kind === 'objects') own.merge(into, from);
    else own.aggregate.merge(rows, into * stride + own.offset, from * stride + own.offset, exact);
  }
}

/** Merges the groups from one place of a list to another, one aggregate at a time, so that V8 can inline it. */
export function mergeGroups(groups: Groups, into: number, from: readonly number[], first: number, end: number): void {
  const { rows, stride, exact } = groups;
  for (let i = first; i < end; i++) rows[into * stride + COUNT]! += rows[from[i]! * stride + COUNT]!;
  for (const own of groups.states) {
    if (own.kind === 'objects') for (let i = first; i < end; i++) own.merge(into, from[i]!);
    else {
      const { aggregate, offset } = own;
      if (aggregate.initial.length === 0) continue;
      const to = into * stride + offset;
      for (let i = first; i < end; i++) aggregate.merge(rows, to, from[i]! * stride + offset, exact);
    }
  }
}
