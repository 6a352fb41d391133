/**
 * One store of a running pipeline: its process, its own cursor in each log, and its condition. A store that is slow or
 * lacks something does not affect another lane.
 */
import type { Config } from '../config/config.ts';
import { isAhead } from '../data-directory/stores-ahead.ts';
import { journalOf } from '../journal/open-reader.ts';
import type { Projected } from '../projections/projector.ts';
import { damagedStore } from '../projections/store-trouble.ts';
import type { TableShapes } from '../projections/table-shapes.ts';
import type { StoreProcess } from '../workers/store-process.ts';
import type { PartitionUnit } from './partition-unit.ts';

/**
 * The transactions of a store that is behind. An event in a small transaction costs twice as much; the rows of a large one
 * take long to appear.
 */
const TRANSACTION = { maxEvents: 2_000_000, maxBytes: 64 * 1024 ** 2, maxMs: 2_000 } as const;
/** How long the service waits for a file's check before it calls itself ready. The check goes on to the file's end. */
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
  /** Events that are durable and not yet in the store. Null until the store is open, since nobody knows before. */
  lag(): number | null;
  /** Events that are durable and not yet in the store; for a store that is not open, all that the journal has. */
  behind(): number;
  /** Offset up to which the store has a log, whatever happens to its process. */
  keptOffset(log: string): number;
  /** Whether the store has everything below these offsets. */
  hasReached(marks: readonly Mark[]): boolean;
  /** Whether the store has everything that the journal held when the store was opened. */
  isCaughtUp(): boolean;
  /** Why the store does not show all that it should: it is being opened, checked or rebuilt. Null when it does. */
  notReady(): string | null;
  /** Whether the store's files were checked, and the store is rebuilt if it had to be. */
  isWhole(): boolean;
  /**
   * Calls back when the store's process has ended, or when its file turns out to be damaged. The next opening makes a
   * damaged file anew.
   */
  onLost(listener: (error: Error) => void): void;
  eventsTotal(): number;
  /** What the store waits for, in words for people; null while it takes events. */
  problem(): string | null;
  waitFor(problem: string | null): void;
  /** Whether somebody else runs the store. The service is then ready without it. */
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
  /** The store's offset in each log; null until the store is open. */
  let offsets: Map<string, number> | null = null;
  /** The offsets that stay when the store's process ends. */
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
  /** Whether the store was empty at its opening, though the journal had events. */
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
      // A store that claims more than the journal has holds rows of another journal.
      const endOf = (log: string): number | undefined =>
        units.find((unit) => unit.log.name === log)?.log.durableOffset();
      if (isAhead(found, endOf)) found = await process.open({ ...task, rebuild: true });
      offsets = new Map(Object.entries(found));
      kept = null;
      end = durable();
      isFresh = offsets.size === 0 && end.some(({ offset }) => offset > 0);
      const own = { isDone: false, startedAtMs: nowMs() };
      check = own;
      // A check that the end of the process or the next opening cuts short is begun again by the next opening.
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
