/**
 * One store of a running pipeline: its process, its own cursor in each log, and its condition. What it lacks, or how slow it is,
 * is nothing to another lane.
 */
import type { Config } from '../config/config.ts';
import { isAhead } from '../data-directory/stores-ahead.ts';
import { journalOf } from '../journal/open-reader.ts';
import type { Projected } from '../projections/projector.ts';
import { damagedStore } from '../projections/store-trouble.ts';
import type { TableShapes } from '../projections/table-shapes.ts';
import type { StoreProcess } from '../workers/store-process.ts';
import type { PartitionUnit } from './partition-unit.ts';

/** Of a store that is behind: an event in a small transaction costs twice as much; a large one is long not to be seen. */
const TRANSACTION = { maxEvents: 2_000_000, maxBytes: 64 * 1024 ** 2, maxMs: 2_000 } as const;
/** A file is looked through for so long at most before the service calls itself ready; it is looked through to its end. */
const CHECK_PATIENCE_MS = 30_000;

export interface Mark {
  readonly log: string;
  readonly offset: number;
}

export interface StoreLane {
  readonly name: string;
  readonly process: StoreProcess;
  open(): Promise<void>;
  /** Projects one transaction's worth of what is durable. */
  project(): Promise<Pick<Projected, 'events' | 'caughtUp' | 'missed' | 'refused'>>;
  /** Resolves once the store is open for the first time. */
  readonly opened: Promise<void>;
  /** Events that are durable and not yet in it. Null until it is open, when nobody knows. */
  lag(): number | null;
  /** The same, of a store that is not open all that the journal has. */
  behind(): number;
  /** Offset up to which it has a log, whatever happens to its process. */
  keptOffset(log: string): number;
  /** Whether it has everything below these offsets. */
  hasReached(marks: readonly Mark[]): boolean;
  /** Whether it has what the journal held when it was opened. */
  isCaughtUp(): boolean;
  /** Why it does not show all that it should: it is opened, looked through, or rebuilt. */
  notReady(): string | null;
  /** Whether its files were looked through, and what had to be rebuilt is. */
  isWhole(): boolean;
  /** Calls back when its process has ended, or its file turns out to be damaged: the next opening makes it anew. */
  onLost(listener: (error: Error) => void): void;
  eventsTotal(): number;
  /** What it waits for, in words for people; null while it takes what it is given. */
  problem(): string | null;
  waitFor(problem: string | null): void;
  /** Whether somebody else runs it: what it lacks makes this service no less ready. */
  readonly isElsewhere: boolean;
}

export function createStoreLane(
  config: Config,
  tables: TableShapes,
  units: readonly PartitionUnit[],
  process: StoreProcess,
  nowMs: () => number,
): StoreLane {
  const { name } = process;
  /** Where it stands in each log; null until it is open. */
  let offsets: Map<string, number> | null = null;
  /** What of them stays when its process ends. */
  let kept: Readonly<Record<string, number>> | null = null;
  const reachedOffset = (log: string): number => offsets?.get(log) ?? 0;
  const hasReached = (marks: readonly Mark[]): boolean =>
    marks.every(({ log, offset }) => reachedOffset(log) >= offset);
  const durable = (): Mark[] => units.map(({ log }) => ({ log: log.name, offset: log.durableOffset() }));
  const behind = (): number =>
    durable().reduce((sum, { log, offset }) => sum + Math.max(0, offset - reachedOffset(log)), 0);
  let resolveOpened = (): void => {};
  const opened = new Promise<void>((resolve) => {
    resolveOpened = resolve;
  });
  /** The journal's end at the opening. */
  let end: readonly Mark[] = [];
  /** Whether it began with nothing at the opening, though the journal had events. */
  let isFresh = false;
  let check: { isDone: boolean; readonly startedAtMs: number } | null = null;
  let lost = (_: Error): void => {};
  let events = 0;
  let problem: string | null = null;
  process.onEnded((error) => lost(error));

  async function lookThrough(own: { isDone: boolean }): Promise<void> {
    const why = await process.verify();
    if (check !== own) return;
    own.isDone = why === null;
    if (why !== null) lost(damagedStore(name, why));
  }

  return {
    name,
    process,
    opened,
    async open() {
      const { dataDir } = config;
      const task = { kind: 'open', dataDir, journal: journalOf(dataDir), tables } as const;
      let found = await process.open(task);
      // The journal vouches for what it has: a store that says more has rows of another.
      const endOf = (log: string): number | undefined =>
        units.find((unit) => unit.log.name === log)?.log.durableOffset();
      if (isAhead(found, endOf)) found = await process.open({ ...task, rebuild: true });
      offsets = new Map(Object.entries(found));
      kept = null;
      end = durable();
      isFresh = offsets.size === 0 && end.some(({ offset }) => offset > 0);
      const own = { isDone: false, startedAtMs: nowMs() };
      check = own;
      // One that is cut short, by the end of the process or the next opening, is begun again by that.
      lookThrough(own).catch(() => {});
      resolveOpened();
    },
    async project() {
      const ranges = durable()
        .filter(({ log, offset }) => offset > reachedOffset(log))
        .map(({ log, offset }) => ({ log, toOffset: offset }));
      if (ranges.length === 0) return { events: 0, caughtUp: true, missed: 0 };
      const result = await process.project({ kind: 'project', ranges, ...TRANSACTION });
      for (const [log, next] of Object.entries(result.reached)) {
        offsets?.set(log, Math.max(next, reachedOffset(log)));
      }
      kept = result.kept ?? null;
      events += result.events;
      return result;
    },
    lag: () => (offsets === null ? null : behind()),
    behind,
    keptOffset: (log) => (kept === null ? reachedOffset(log) : (kept[log] ?? 0)),
    hasReached,
    isCaughtUp: () => offsets !== null && hasReached(end),
    notReady() {
      if (isFresh && !hasReached(end)) {
        const left = end.reduce((sum, { log, offset }) => sum + Math.max(0, offset - reachedOffset(log)), 0);
        return `the read model ${name} is rebuilt from the journal: ${left.toLocaleString('en')} events to go`;
      }
      if (check === null) return `the read model ${name} is being opened`;
      if (check.isDone || nowMs() - check.startedAtMs > CHECK_PATIENCE_MS) return null;
      return `the files of the read model ${name} are being looked through for damage`;
    },
    isWhole: () => check?.isDone === true && (!isFresh || hasReached(end)),
    onLost(listener) {
      lost = listener;
    },
    eventsTotal: () => events,
    problem: () => problem,
    waitFor(words) {
      problem = words;
    },
    isElsewhere: process.driver.retryMs !== null,
  };
}
