/** The read models of a running pipeline: a lane for each store, and the state of all lanes together. */
import type { Config } from '../config/config.ts';
import { relationsOf } from '../config/relations.ts';
import { storeWithTables } from '../config/store-tables.ts';
import type { AvroField } from '../messages/avro.ts';
import { dynamicEventType } from '../messages/codec.ts';
import { givenBy } from '../messages/window-result.ts';
import { type AggregateShape, partShape } from '../projections/duckdb-schema.ts';
import { STREAM_ROWS_STORE } from '../projections/stream-queries.ts';
import type { StreamShape } from '../projections/stream-tables.ts';
import type { TableShapes } from '../projections/table-shapes.ts';
import type { Totals } from '../projections/totals.ts';
import { isEventCount, resultField } from '../streams/aggregate-table.ts';
import { decimalOfField } from '../streams/field-type.ts';
import { partFields } from '../streams/group-key.ts';
import type { Stores } from '../workers/all-stores.ts';
import type { PartitionUnit } from './partition-unit.ts';
import { createStoreLane, type Mark, type StoreLane } from './store-lane.ts';

/** "Every store" below means the stores that this service runs itself: it waits for nobody else's. */
export interface ReadModels {
  readonly stores: Stores;
  /** The lanes of all stores, also of those that somebody else runs. */
  readonly lanes: readonly StoreLane[];
  /** Resolves once every store is open for the first time. */
  readonly opened: Promise<void>;
  /** Events that are durable and not yet in every store; infinite until all are open. */
  lag(): number;
  /** Whether every store has got everything below these offsets. */
  hasReached(marks: readonly Mark[]): boolean;
  /** Why the read models are incomplete: a store is being opened, checked or rebuilt. Null when they are complete. */
  notReady(): string | null;
  /** Whether the stores' files were checked, and every store that had to be rebuilt is. */
  isWhole(): boolean;
  /** The offset up to which every store has a log for good, here including stores that somebody else runs. */
  keptOffset(log: string): number;
  /**
   * Counts of the stores' rows when they were last asked. A store is included once it has what the journal held when the
   * store was opened: before that, the counts of a store that is behind would pass for those of all time.
   */
  totals(): Totals;
  /** Asks the stores again. */
  refresh(): Promise<void>;
}

/** The tables that the stores have for windows and for streams with a schema of their own. */
export function tableShapes(config: Config): TableShapes {
  const { windows, streams, stores } = config;
  return {
    stores: stores.on,
    declared: stores.declared.map((store) => storeWithTables(store, config)),
    named: streams
      .filter(({ builtin }) => builtin !== null)
      .map(({ name, schema }) => ({ name, eventType: dynamicEventType(schema).name })),
    windows: windows.map(({ name, key, window, aggregates, results = [], columns }) => ({
      name,
      ...(columns === undefined ? {} : { columns }),
      parts: partFields(key).map(partShape),
      kind: window.kind,
      aggregates: [
        ...aggregates
          .filter(({ isHidden }) => isHidden !== true)
          .map((spec) => ({ isCount: isEventCount(spec), ...aggregateShape(resultField(spec)) })),
        ...results.map((field) => ({ isCount: false, ...aggregateShape(field) })),
      ],
    })),
    streams: [
      ...streams
        .filter(({ builtin }) => builtin === null)
        .map(({ name, schema, key, eventTime }) => ({ name, schema, key, timeField: eventTime })),
      ...vectorShapes(config),
    ],
  };
}

/** Tables with a row for each event with its features, and the newest row of each key. */
function vectorShapes(config: Config): StreamShape[] {
  const relations = relationsOf(config);
  return config.features.map(({ name }) => {
    const { schema, key, eventTime: timeField, log } = relations.named(name);
    return { name, schema, key: key ?? '', timeField, ...(log === undefined || log === name ? {} : { log }) };
  });
}

function aggregateShape(field: AvroField): Omit<AggregateShape, 'isCount'> {
  const decimal = decimalOfField(field);
  const form = decimal === null ? {} : { decimal: { precision: decimal.precision, scale: decimal.scale } };
  return { name: field.name, gives: givenBy(field), ...form };
}

export function createReadModels(
  config: Config,
  units: readonly PartitionUnit[],
  stores: Stores,
  nowMs: () => number,
): ReadModels {
  const shapes = tableShapes(config);
  const lanes = stores.all.map((process) => createStoreLane(config, shapes, units, process, nowMs));
  const own = lanes.filter(({ isElsewhere }) => !isElsewhere);
  let totals: Totals = {};
  return {
    stores,
    lanes,
    opened: Promise.all(own.map(({ opened }) => opened)).then(() => {}),
    lag: () => Math.max(0, ...own.map((lane) => lane.lag() ?? Number.POSITIVE_INFINITY)),
    hasReached: (marks) => own.every((lane) => lane.hasReached(marks)),
    notReady() {
      const reasons = own.flatMap((lane) => lane.notReady() ?? []);
      return reasons.length === 0 ? null : reasons.join('; ');
    },
    isWhole: () => own.every((lane) => lane.isWhole()),
    keptOffset: (log) => Math.min(...lanes.map((lane) => lane.keptOffset(log))),
    totals: () => totals,
    async refresh() {
      const asked = own.filter((lane) => lane.isCaughtUp());
      const found = await Promise.all(
        asked.map(({ name, process }) => process.read({ kind: 'totals', hasDeclared: name === STREAM_ROWS_STORE })),
      );
      totals = Object.assign({}, ...found);
    },
  };
}
