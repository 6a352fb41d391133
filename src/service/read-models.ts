/** The read models of a running pipeline: the process that holds them, and how far behind the journal they are. */

import type { Config } from '../config/config.ts';
import { storesAhead } from '../data-directory/stores-ahead.ts';
import { journalOf } from '../journal/open-reader.ts';
import { givenBy } from '../messages/window-result.ts';
import { STORE_NAMES, type StoreName } from '../projections/store.ts';
import { damagedStore } from '../projections/store-trouble.ts';
import type { TableShapes } from '../projections/table-shapes.ts';
import type { Totals } from '../projections/totals.ts';
import { resultField } from '../streams/aggregate-table.ts';
import type { StoresProcess } from '../workers/stores-process.ts';
import type { PartitionUnit } from './partition-unit.ts';

/** Events in one transaction of the stores: enough to coalesce, few enough for a query to wait for. */
const EVENTS_PER_TRANSACTION = 50_000;

export interface ReadModels {
  readonly stores: StoresProcess;
  open(): Promise<void>;
  /** Projects one transaction's worth of what is durable. */
  project(): Promise<{ readonly caughtUp: boolean }>;
  /** Resolves once the stores are open for the first time. */
  readonly opened: Promise<void>;
  /** Events that are durable and not yet in both stores; infinite until these are open. */
  lag(): number;
  /** The same of one store: from where it stands to the journal's end. Null until it is open, when nobody knows. */
  lagOf(store: StoreName): number | null;
  /** Whether both stores have got everything below these offsets. */
  hasReached(marks: readonly { readonly log: string; readonly offset: number }[]): boolean;
  /** Why they don't show all that they should: they are opened, looked through, or rebuilt. */
  notReady(): string | null;
  /** Whether their files were looked through, and what had to be rebuilt is. */
  isWhole(): boolean;
  /** Calls back when one turns out to be damaged: the next opening makes it anew. */
  onDamaged(listener: (error: Error) => void): void;
  /** Offset up to which both stores have a log. */
  reachedOffset(log: string): number;
  eventsTotal(): number;
  /**
   * What the stores held when they were last asked. Null until they have what the journal held when they were opened:
   * before, the counts of a store that is behind, or is rebuilt, would pass for those of all time.
   */
  totals(): Totals | null;
  /** Asks them again. */
  refresh(): Promise<void>;
}

/** What the stores have to know of the windows, and of the streams that have a schema of their own. */
export function tableShapes({ windows, streams }: Config): TableShapes {
  return {
    windows: windows.map(({ name, window, aggregates }) => ({
      name,
      kind: window.kind,
      aggregates: aggregates.map((spec) => ({ name: spec.name, fn: spec.fn, gives: givenBy(resultField(spec)) })),
    })),
    streams: streams
      .filter(({ builtin }) => builtin === null)
      .map(({ name, schema, key, eventTime }) => ({ name, schema, key, timeField: eventTime })),
  };
}

/** A file is looked through for so long at most before the service calls itself ready; it is looked through to its end. */
const CHECK_PATIENCE_MS = 30_000;

export function createReadModels(
  config: Config,
  units: readonly PartitionUnit[],
  stores: StoresProcess,
  nowMs: () => number,
): ReadModels {
  /** Where each store stands in each log. */
  const offsets = new Map<StoreName, Map<string, number>>();
  const reachedBy = (store: StoreName, log: string): number => offsets.get(store)?.get(log) ?? 0;
  const reachedOffset = (log: string): number => Math.min(...STORE_NAMES.map((store) => reachedBy(store, log)));
  const lagOf = (store: StoreName): number | null =>
    offsets.has(store)
      ? units.reduce((sum, { log }) => sum + Math.max(0, log.durableOffset() - reachedBy(store, log.name)), 0)
      : null;
  let resolveOpened = (): void => {};
  const opened = new Promise<void>((resolve) => {
    resolveOpened = resolve;
  });
  /** The journal's end at the opening. */
  let end: readonly { readonly log: string; readonly offset: number }[] = [];
  const hasReached: ReadModels['hasReached'] = (marks) =>
    marks.every(({ log, offset }) => reachedOffset(log) >= offset);
  /** Stores that began with nothing at the opening, though the journal had events. */
  let fresh: readonly StoreName[] = [];
  let check: { isDone: boolean; readonly startedAtMs: number } | null = null;
  let damaged = (_: Error): void => {};
  async function lookThrough(own: { isDone: boolean }): Promise<void> {
    const found = await stores.run({ kind: 'verify' });
    if (check !== own) return;
    own.isDone = found.length === 0;
    const [first] = found;
    if (first !== undefined) damaged(damagedStore(first.store, first.why));
  }
  let events = 0;
  let totals: Totals | null = null;
  return {
    stores,
    opened,
    async open() {
      const { dataDir } = config;
      const tables = tableShapes(config);
      const task = { kind: 'open', dataDir, journal: journalOf(dataDir), stores: STORE_NAMES, tables } as const;
      let found = await stores.run(task);
      // The journal vouches for what it has: a store that says more has rows of another.
      const ahead = storesAhead(found, (log) => units.find((unit) => unit.log.name === log)?.log.durableOffset());
      if (ahead.length > 0) found = await stores.run({ ...task, rebuild: ahead });
      for (const store of STORE_NAMES) offsets.set(store, new Map(Object.entries(found[store])));
      end = units.map(({ log }) => ({ log: log.name, offset: log.durableOffset() }));
      fresh = STORE_NAMES.filter((store) => end.some(({ offset }) => offset > 0) && offsets.get(store)?.size === 0);
      totals = null;
      const own = { isDone: false, startedAtMs: nowMs() };
      check = own;
      // One that is cut short, by the end of the process or the next opening, is begun again by that.
      lookThrough(own).catch(() => {});
      resolveOpened();
    },
    async project() {
      const ranges = units
        .map(({ log }) => ({ log: log.name, toOffset: log.durableOffset() }))
        .filter(({ log, toOffset }) => toOffset > reachedOffset(log));
      if (ranges.length === 0) return { caughtUp: true };
      const result = await stores.run({ kind: 'project', ranges, maxEvents: EVENTS_PER_TRANSACTION });
      for (const [log, next] of Object.entries(result.reached)) {
        for (const store of STORE_NAMES) offsets.get(store)?.set(log, Math.max(next, reachedBy(store, log)));
      }
      events += result.events;
      return result;
    },
    lag: () => Math.max(...STORE_NAMES.map((store) => lagOf(store) ?? Number.POSITIVE_INFINITY)),
    lagOf,
    hasReached,
    notReady() {
      if (fresh.length > 0 && !hasReached(end)) {
        const left = end.reduce((sum, { log, offset }) => sum + Math.max(0, offset - reachedOffset(log)), 0);
        return `the read model ${fresh.join(' and ')} is rebuilt from the journal: ${left.toLocaleString('en')} events to go`;
      }
      if (check === null) return 'the read models are being opened';
      if (check.isDone || nowMs() - check.startedAtMs > CHECK_PATIENCE_MS) return null;
      return 'the files of the read models are being looked through for damage';
    },
    isWhole: () => check?.isDone === true && (fresh.length === 0 || hasReached(end)),
    onDamaged(listener) {
      damaged = listener;
    },
    reachedOffset,
    eventsTotal: () => events,
    totals: () => totals,
    async refresh() {
      if (hasReached(end)) totals = await stores.run({ kind: 'totals' });
    },
  };
}
