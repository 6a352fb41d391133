/** The tables of the stores that a pipeline file declares, as the process of a store is given them. */
import { BUILTIN_TYPES } from '../builtin-types.ts';
import type { AvroRecord } from '../messages/avro.ts';
import { ARRAY_KEY } from '../messages/join-result.ts';
import { deadLettersOf, LATE } from '../messages/stream-events.ts';
import { deadLetterType, lateEventType } from '../messages/types.ts';
import { type StoreColumn, type StoreTable, storeColumns } from '../projections/store-tables.ts';
import { resultTypeOf } from '../streams/window-operator.ts';
import { ALERT_STREAMS, ALERTS, TABLES } from '../tables.ts';
import type { Config } from './config.ts';
import { relationsOf } from './relations.ts';
import type { StoreConfig } from './sections/stores.ts';

/** The store with the tables that the configuration gives it. */
export function storeWithTables(store: StoreConfig, config: Config): StoreConfig & { readonly tables: StoreTable[] } {
  return { ...store, tables: store.tables.map(({ of, options }) => ({ ...tableOf(of, config), of, options })) };
}

type Made = Omit<StoreTable, 'of' | 'options'>;

/**
 * The table of what a name gives. Throws for a name that nothing gives, which the check of a configuration has ruled
 * out.
 */
function tableOf(of: string, config: Config): Made {
  const stream = config.streams.find(({ name }) => name === of);
  if (stream !== undefined) {
    return { role: 'stream', columns: storeColumns(stream.schema), key: [stream.key], time: stream.eventTime };
  }
  const window = config.windows.find(({ name }) => name === of);
  if (window !== undefined) return windowTable(window);
  if (of.endsWith(LATE)) {
    const lateFor = of.slice(0, -LATE.length);
    return { ...appended('late', lateEventType.schema, 'occurredAt', ['window']), lateFor };
  }
  if (config.streams.some(({ name }) => of === deadLettersOf(name))) {
    return appended('dead-letters', deadLetterType.schema, null, ['stream']);
  }
  const builtin = TABLES.find(({ output }) =>
    of === ALERTS ? ALERT_STREAMS.includes(output?.stream ?? '') : output?.stream === of,
  );
  const type = BUILTIN_TYPES.find(({ name }) => name === builtin?.eventType);
  if (type !== undefined) {
    const { columns, ...rest } = appended('builtin', type.schema, null, []);
    const id = builtin?.output?.alertId;
    const time =
      columns.find(({ name, type: { kind } }) => name === 'occurredAt' && kind === 'timestamp')?.name ?? null;
    return { ...rest, columns, time, key: id === undefined ? [] : [id] };
  }
  const { schema, eventTime } = relationsOf(config).named(of);
  const isJoin = config.joins.some(({ name }) => name === of);
  return appended(isJoin ? 'join' : 'derived', schema, eventTime, [ARRAY_KEY]);
}

function appended(role: StoreTable['role'], schema: AvroRecord, time: string | null, hidden: readonly string[]): Made {
  return { role, columns: storeColumns(schema).filter(({ name }) => !hidden.includes(name)), key: [], time };
}

/**
 * The table of a window: a row for each window and key, as `run --output` shows it. A view has only the columns of its
 * statement.
 */
function windowTable(window: Config['windows'][number]): Made {
  const { type, parts, isView } = resultTypeOf({ ...window, keyField: window.key });
  const hidden = ['count', ...(parts.length > 0 ? ['key'] : [])];
  const columns = storeColumns(type.schema)
    .filter(({ path }) => !hidden.includes(path))
    .map((column): StoreColumn => ({ ...column, name: column.path.replace(/^(aggregates|parts)\./, '') }));
  const key = [...(parts.length > 0 ? parts.map(({ name }) => name) : ['key']), 'start', 'end'];
  if (!isView) return { role: 'window', columns, key, time: 'start' };
  // A statement may give a column a name that the window uses itself.
  const own = columns.map((column) =>
    column.path.startsWith('aggregates.') ? column : { ...column, name: `window_${column.name}` },
  );
  return { role: 'window', columns: own, key: key.map((name) => `window_${name}`), time: 'window_start' };
}
