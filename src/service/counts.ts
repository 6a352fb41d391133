/** Counts of events taken in and derived. */
import { deadLettersOf } from '../messages/stream-events.ts';
import { USER_OPERATOR } from '../operators/user-operator.ts';
import type { DerivedCount } from '../partition/derived-blocks.ts';
import { COUNTED } from '../tables.ts';
import { addRefusals, type RefusalCounts } from './refusal-counts.ts';

export interface Counts {
  events: number;
  deadLetters: number;
  late: number;
  /** How many windows late events lost. */
  lateWindows: number;
  windows: number;
  /** Events of derived streams that a table has counted, by the name that the table gives the count. */
  readonly counted: Map<string, number>;
  commits: number;
  /** Events that failed an expectation, by stream and expectation. */
  readonly failures: Map<string, Map<string, number>>;
  readonly refusals: RefusalCounts;
  /** Calls that an operator of a user failed on, each a dead letter, by operator. */
  readonly failedCalls: Map<string, number>;
}

export function noCounts(): Counts {
  return {
    events: 0,
    deadLetters: 0,
    late: 0,
    lateWindows: 0,
    windows: 0,
    counted: new Map([...COUNTED.values()].map((name) => [name, 0])),
    commits: 0,
    failures: new Map(),
    refusals: new Map(),
    failedCalls: new Map(),
  };
}

export function addCounts(sum: Counts, counts: Counts): void {
  sum.events += counts.events;
  sum.deadLetters += counts.deadLetters;
  sum.late += counts.late;
  sum.lateWindows += counts.lateWindows;
  sum.windows += counts.windows;
  for (const [name, events] of counts.counted) sum.counted.set(name, (sum.counted.get(name) ?? 0) + events);
  sum.commits += counts.commits;
  addRefusals(sum.refusals, counts.refusals);
  for (const [operator, calls] of counts.failedCalls) addFailedCalls(sum, operator, calls);
  for (const [stream, own] of counts.failures) {
    for (const [expectation, events] of own) addFailures(sum, stream, expectation, events);
  }
}

export function addFailures({ failures }: Counts, stream: string, expectation: string, events: number): void {
  const own = failures.get(stream) ?? new Map<string, number>();
  failures.set(stream, own);
  own.set(expectation, (own.get(expectation) ?? 0) + events);
}

function addFailedCalls({ failedCalls }: Counts, operator: string, calls: number): void {
  failedCalls.set(operator, (failedCalls.get(operator) ?? 0) + calls);
}

/** Events of one output of an operator. */
export function countDerived(counts: Counts, { kind, operator, stream, events }: DerivedCount): void {
  if (kind === 'window') counts.windows += events;
  else if (kind === USER_OPERATOR && stream.endsWith(deadLettersOf(''))) addFailedCalls(counts, operator, events);
  else {
    const name = COUNTED.get(stream);
    if (name !== undefined) counts.counted.set(name, (counts.counted.get(name) ?? 0) + events);
  }
}
