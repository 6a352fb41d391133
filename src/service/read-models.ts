/** The read models of a running pipeline: the process that holds them, and how far behind the journal they are. */
import type { Config } from '../config/config.ts';
import { givenBy } from '../messages/window-result.ts';
import { STORE_NAMES } from '../projections/store.ts';
import type { TableShapes } from '../projections/table-shapes.ts';
import { resultField } from '../streams/aggregates.ts';
import type { StoresProcess } from '../workers/stores-process.ts';
import type { PartitionUnit } from './partition-unit.ts';

/** Events in one transaction of the stores: enough to coalesce, few enough for a query to wait for. */
const EVENTS_PER_TRANSACTION = 50_000;

const OPEN_CASES = "SELECT count(*) AS n FROM cases WHERE state = 'open'";

export interface ReadModels {
  readonly stores: StoresProcess;
  open(): Promise<void>;
  /** Projects one transaction's worth of what is durable. */
  project(): Promise<{ readonly caughtUp: boolean }>;
  /** Events that are durable and not yet projected. */
  lag(): number;
  /** Whether both stores have got everything below these offsets. */
  hasReached(marks: readonly { readonly log: string; readonly offset: number }[]): boolean;
  /** Offset up to which both stores have a log. */
  reachedOffset(log: string): number;
  eventsTotal(): number;
  /** Cases that were open when the read models were last asked. */
  openCases(): number;
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

export function createReadModels(config: Config, units: readonly PartitionUnit[], stores: StoresProcess): ReadModels {
  const reached = new Map<string, number>();
  let events = 0;
  let openCases = 0;
  return {
    stores,
    async open() {
      const offsets = await stores.run({
        kind: 'open',
        dataDir: config.dataDir,
        stores: STORE_NAMES,
        tables: tableShapes(config),
      });
      reached.clear();
      for (const { log } of units) {
        reached.set(log.name, Math.min(...STORE_NAMES.map((store) => offsets[store][log.name] ?? 0)));
      }
    },
    async project() {
      const ranges = units
        .map(({ log }) => ({ log: log.name, toOffset: log.durableOffset() }))
        .filter(({ log, toOffset }) => toOffset > (reached.get(log) ?? 0));
      if (ranges.length === 0) return { caughtUp: true };
      const result = await stores.run({ kind: 'project', ranges, maxEvents: EVENTS_PER_TRANSACTION });
      for (const [log, next] of Object.entries(result.reached)) reached.set(log, next);
      events += result.events;
      return result;
    },
    lag: () => units.reduce((sum, { log }) => sum + Math.max(0, log.durableOffset() - (reached.get(log.name) ?? 0)), 0),
    hasReached: (marks) => marks.every(({ log, offset }) => (reached.get(log) ?? 0) >= offset),
    reachedOffset: (log) => reached.get(log) ?? 0,
    eventsTotal: () => events,
    openCases: () => openCases,
    async refresh() {
      const [row] = await stores.run({ kind: 'query', store: 'sqlite', sql: OPEN_CASES });
      openCases = Number(row?.n ?? 0);
    },
  };
}
