/** A view of a data directory beside DuckDB's answer to its statement, up to where the view has come. */
import type { Config } from '../config/config.ts';
import { relationsOf } from '../config/relations.ts';
import { type Relation, readBy } from '../config/sections/relation.ts';
import type { ViewConfig } from '../config/sections/views.ts';
import type { WindowConfig } from '../config/sections/windows.ts';
import { windowPlace } from '../config/window-place.ts';
import { nodeSyncFs } from '../journal/sync-fs.ts';
import type { DynamicEvent } from '../messages/codec.ts';
import { DERIVED_TIME } from '../messages/derived-event.ts';
import { exactJson } from '../messages/event-json.ts';
import { logPlace } from '../messages/log-name.ts';
import type { WindowResult } from '../messages/window-result.ts';
import { checkView, type EventTable, type Sessions, type ViewFindings } from '../projections/view-check.ts';
import type { Expression } from '../sql/expression.ts';
import { parseStatement, type Statement } from '../sql/statement.ts';
import { found, rewritten } from '../sql/walk.ts';
import { eventKey } from '../streams/field-key.ts';
import { isOfSeveral } from '../streams/group-key.ts';
import { windowStart } from '../streams/window-kind.ts';
import { resultTypeOf } from '../streams/window-operator.ts';
import { knownExchanges } from './exchanges.ts';
import { readViewRows, type TableOf, type ViewRows } from './view-rows.ts';

export interface CheckedView extends ViewFindings {
  /** Windows that end by then were compared, in epoch ms; null for a view without windows. */
  readonly closedMs: number | null;
  /** Events that were left out, since the window had closed when they came. */
  readonly late: number;
  /** Columns that were not compared: estimates, which DuckDB computes otherwise. */
  readonly estimates: readonly string[];
}

/**
 * Compares a view with DuckDB over the same events. Throws when there is no view of that name, and when DuckDB refuses
 * the statement.
 */
export async function checkedView(config: Config, dataDir: string, view: ViewConfig): Promise<CheckedView> {
  const relations = relationsOf(config);
  const parsed = parseStatement(view.sql);
  const { from, join, items } = parsed;
  const statement = withColumnsQuoted(view.sql, parsed);
  const estimates = items.flatMap((item) =>
    item.kind === 'column' && item.name !== null && found(item.expression, isEstimate) !== null ? [item.name] : [],
  );
  // A stream may be joined with itself.
  const names = new Set([from.stream, ...(join === null ? [] : [join.right.stream])]);
  const sources = [...names].map(relations.named);
  const [window] = view.windows;
  const isTable = window?.window.kind === 'table';
  const table = isTable ? tableOf(sources[0]!) : null;
  const rows = await readViewRows(dataDir, view.name, sources, window?.window.kind === 'session', table);
  const tables = sources.map(({ name, schema }) => ({ name, schema, events: rows.events.get(name) ?? [] }));
  if (window === undefined) {
    const own = relations.named(view.name);
    const fields = own.schema.fields.filter(({ name }) => name !== DERIVED_TIME);
    const given = { schema: { ...own.schema, fields }, events: rows.derived };
    const check = {
      statement,
      tables,
      view: given,
      without: estimates,
      closedMs: null,
      sessions: NO_SESSIONS,
    };
    return { ...(await checkView(check)), closedMs: null, late: 0, estimates };
  }
  const of = relations.named(window.stream);
  const { log } = windowPlace(window, of, knownExchanges(dataDir, nodeSyncFs));
  return { ...(await checkedWindow(statement, view.name, window, of, log, tables, rows, estimates)), estimates };
}

/**
 * The statement with columns in double quotes where it has none. DuckDB refuses a column such as `at`, which is a word
 * of its SQL, without them. It compares quoted names without regard to case, as it does others.
 */
function withColumnsQuoted(sql: string, { items, join, where, groupBy, having }: Statement): string {
  const starts = new Map<number, string>();
  const expressions = [
    ...items.flatMap((item) => (item.kind === 'column' ? [item.expression] : [])),
    ...(join !== null && 'kind' in join.on ? [join.on] : []),
    ...[where, having].filter((each) => each !== null),
    ...(groupBy === null || groupBy === 'all' ? [] : groupBy),
  ];
  for (const expression of expressions) {
    rewritten(expression, (each) => {
      const [name] = each.kind === 'column' && each.names.length === 1 && !each.isQuoted ? each.names : [];
      if (name !== undefined) starts.set(each.at - 1, name);
      return null;
    });
  }
  let quotedSql = '';
  let from = 0;
  for (const [start, name] of [...starts].sort(([a], [b]) => a - b)) {
    if (sql.slice(start, start + name.length).toLowerCase() !== name.toLowerCase()) continue;
    quotedSql += `${sql.slice(from, start)}"${sql.slice(start, start + name.length)}"`;
    from = start + name.length;
  }
  return quotedSql + sql.slice(from);
}

function tableOf(relation: Relation): TableOf {
  const { schema, key, eventTime } = relation;
  return { key: eventKey(schema, key ?? ''), eventTime, stream: readBy(relation).name };
}

async function checkedWindow(
  statement: string,
  name: string,
  window: WindowConfig,
  of: Relation,
  log: string,
  tables: readonly EventTable[],
  rows: ViewRows,
  estimates: readonly string[],
): Promise<Omit<CheckedView, 'estimates'>> {
  // The rows of a table do not depend on which windows are closed.
  const closedMs = window.window.kind === 'table' ? Number.POSITIVE_INFINITY : closedBy(log, of, rows);
  const results = [...rows.results.values()].flat().filter(({ end }) => end <= closedMs);
  const { aggregates } = resultTypeOf({ ...window, keyField: window.key });
  // The statement's rows in closed windows are compared. A pair is of two events, so no one event of it says in which
  // window the pair is.
  const isOfPairs = tables.every((table) => table.name !== of.name);
  const left = isOfPairs
    ? tables
    : tables.map((table) => ({
        ...table,
        events: inClosed(withoutLate(table.events, rows.late), window, of, closedMs),
      }));
  const view = {
    schema: { type: 'record', name, fields: aggregates } as const,
    events: results.map((result: WindowResult): DynamicEvent => result.aggregates),
  };
  return {
    ...(await checkView({
      statement: isOfPairs ? closedRows(statement, window, closedMs) : statement,
      tables: left,
      view,
      without: estimates,
      closedMs,
      sessions: window.window.kind === 'session' ? { keys: keysOf(window), where: window.where } : NO_SESSIONS,
    })),
    closedMs,
    late: rows.late.length,
  };
}

/**
 * The time that every partition of the window has passed. It is the watermark of the stream's events where the window
 * reads these itself, and the time of its newest result otherwise. Behind a flush it is behind all events.
 */
function closedBy(log: string, of: Relation, { results, logs, flushed, seenMs }: ViewRows): number {
  const delayMs = of.watermark.kind === 'bounded' ? of.watermark.outOfOrdernessMs : Number.POSITIVE_INFINITY;
  const own = logs.filter((each) => logPlace(each)?.stream === log);
  const passed = own.map((each) => {
    if (flushed.has(each)) return Number.POSITIVE_INFINITY;
    const fired = (results.get(each) ?? []).filter(({ at }) => at < FLUSHED_AT);
    return fired.reduce(
      (latest, { at }) => Math.max(latest, at + 1),
      (seenMs.get(each) ?? Number.NEGATIVE_INFINITY) - delayMs,
    );
  });
  return passed.length === 0 ? Number.NEGATIVE_INFINITY : passed.reduce((a, b) => Math.min(a, b));
}

function isEstimate(expression: Expression): boolean {
  return expression.kind === 'call' && expression.name.startsWith('approx_');
}

/** The last instant that a date can be. It stands for the watermark behind all events. */
const FLUSHED_AT = 8_640_000_000_000_000;

/** Leaves out as many events as were late, each by its own text. Equal events stand for each other. */
function withoutLate(events: readonly DynamicEvent[], late: readonly string[]): readonly DynamicEvent[] {
  if (late.length === 0) return events;
  const counts = new Map<string, number>();
  for (const text of late) counts.set(text, (counts.get(text) ?? 0) + 1);
  return events.filter((event) => {
    const text = exactJson(event);
    const count = counts.get(text) ?? 0;
    if (count > 0) counts.set(text, count - 1);
    return count === 0;
  });
}

const NO_SESSIONS: Sessions = { keys: [], where: null };

function keysOf({ key }: WindowConfig): readonly string[] {
  return isOfSeveral(key) ? key.map(({ field }) => field) : key === null ? [] : [key];
}

/** The statement's rows in closed windows, where a column says when the window begins. */
function closedRows(sql: string, { window, results = [] }: WindowConfig, closedMs: number): string {
  const start = results.find(({ expression }) => expression === '(start)')?.name;
  if (start === undefined || window.kind !== 'tumbling' || !Number.isFinite(closedMs)) return sql;
  return `SELECT * FROM (${sql}) WHERE epoch_ms("${start}") + ${window.sizeMs} <= ${closedMs}`;
}

/** The events in closed windows, where each event is in one window. */
function inClosed(
  events: readonly DynamicEvent[],
  { window }: WindowConfig,
  { eventTime }: Relation,
  closedMs: number,
): readonly DynamicEvent[] {
  if (closedMs === Number.NEGATIVE_INFINITY) return [];
  if (window.kind !== 'tumbling' || closedMs === Number.POSITIVE_INFINITY) return events;
  const openFromMs = windowStart(closedMs, window.sizeMs, window.offsetMs);
  return events.filter((event) => Number(event[eventTime]) < openFromMs);
}
