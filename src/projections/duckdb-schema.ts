/**
 * Tables of the analytics store. Each configured window has a table of its results, and `window_parts` has those of
 * windows that are configured no more; the view `windows` has one row a window, key and start: the newest revision. The
 * view `sessions` is the same of `session_parts`, where a flush may have given a session before it was over. Tables of
 * declared streams are in duckdb-streams.ts.
 */
import type { Column } from './duckdb-columns.ts';

/** Raise it whenever a table or a writer changes: an older file is then rebuilt. */
export const DUCKDB_SCHEMA_VERSION = 9;

export const DUCKDB_TABLES = {
  transactions: [
    { name: 'transaction_id', kind: 'long', from: 'transactionId' },
    { name: 'customer_id', kind: 'long', from: 'customerId' },
    { name: 'terminal_id', kind: 'long', from: 'terminalId' },
    { name: 'amount_cents', kind: 'long', from: 'amountCents' },
    { name: 'occurred_at', kind: 'instant', from: 'occurredAt' },
    { name: 'partition', kind: 'int', from: '$partition' },
    { name: 'log_offset', kind: 'long', from: '$offset' },
  ],
  labels: [
    { name: 'transaction_id', kind: 'long', from: 'transactionId' },
    { name: 'customer_id', kind: 'long', from: 'customerId' },
    { name: 'fraud', kind: 'boolean', from: 'fraud' },
    { name: 'scenario', kind: 'int', from: 'scenario' },
    { name: 'known_at', kind: 'instant', from: 'knownAt' },
    { name: 'origin', kind: 'text', from: 'origin' },
  ],
  scores: [
    { name: 'transaction_id', kind: 'long', from: 'transactionId' },
    { name: 'customer_id', kind: 'long', from: 'customerId' },
    { name: 'occurred_at', kind: 'instant', from: 'occurredAt' },
    { name: 'score', kind: 'double', from: 'score' },
    { name: 'model', kind: 'text', from: 'model' },
    { name: 'rule_hits', kind: 'int', from: 'ruleHits' },
    { name: 'session_count', kind: 'int', from: 'sessionCount' },
    { name: 'own_mean_cents', kind: 'double', from: 'ownMeanCents' },
    { name: 'deviations', kind: 'double', from: 'deviations' },
  ],
  session_parts: [
    { name: 'customer_id', kind: 'long', from: 'customerId' },
    { name: 'start_at', kind: 'instant', from: 'start' },
    { name: 'end_at', kind: 'instant', from: 'end' },
    { name: 'count', kind: 'long', from: 'count' },
    { name: 'total_cents', kind: 'long', from: 'totalCents' },
    { name: 'max_score', kind: 'double', from: 'maxScore' },
    { name: 'closed_at', kind: 'instant', from: 'at' },
  ],
  window_parts: [
    { name: 'window_name', kind: 'text', from: 'window' },
    { name: 'key', kind: 'text', from: 'key', nullable: true },
    { name: 'start_at', kind: 'instant', from: 'start' },
    { name: 'end_at', kind: 'instant', from: 'end' },
    { name: 'revision', kind: 'int', from: 'revision' },
    { name: 'count', kind: 'long', from: 'count' },
    { name: 'aggregates', kind: 'text', from: 'aggregates' },
    { name: 'partition', kind: 'int', from: '$partition' },
  ],
  late_events: [
    { name: 'window_name', kind: 'text', from: 'window' },
    { name: 'key', kind: 'text', from: 'key', nullable: true },
    { name: 'occurred_at', kind: 'instant', from: 'occurredAt' },
    { name: 'lateness_ms', kind: 'long', from: 'latenessMs' },
    { name: 'windows_lost', kind: 'int', from: 'windows' },
    { name: 'event', kind: 'text', from: 'event' },
  ],
  joins: [
    { name: 'join_name', kind: 'text', from: 'join' },
    { name: 'key', kind: 'text', from: 'key', nullable: true },
    { name: 'joined_at', kind: 'instant', from: 'ts' },
    { name: 'left_event', kind: 'text', from: 'left', nullable: true },
    { name: 'right_event', kind: 'text', from: 'right', nullable: true },
  ],
  weather: [
    { name: 'provider', kind: 'text', from: 'provider' },
    { name: 'place', kind: 'text', from: 'place' },
    { name: 'observed_at', kind: 'instant', from: 'observedAt' },
    { name: 'fetched_at', kind: 'instant', from: 'fetchedAt' },
    { name: 'temperature_celsius', kind: 'double', from: 'temperatureCelsius', nullable: true },
    { name: 'humidity_percent', kind: 'double', from: 'humidityPercent', nullable: true },
    { name: 'precipitation_mm', kind: 'double', from: 'precipitationMm', nullable: true },
    { name: 'wind_speed_kmh', kind: 'double', from: 'windSpeedKmh', nullable: true },
    { name: 'pressure_hpa', kind: 'double', from: 'pressureHpa', nullable: true },
  ],
} as const satisfies Readonly<Record<string, readonly Column[]>>;

/** Columns that are state: where a row lies, and how late an event was for its partition, depend on the layout. */
export const DUCKDB_DIGESTS: Readonly<Record<string, readonly string[]>> = {
  transactions: ['transaction_id', 'customer_id', 'terminal_id', 'amount_cents', 'occurred_at'],
  labels: ['transaction_id', 'customer_id', 'fraud', 'scenario', 'known_at', 'origin'],
  scores: [
    'transaction_id',
    'customer_id',
    'occurred_at',
    'score',
    'model',
    'rule_hits',
    'session_count',
    'own_mean_cents',
    'deviations',
  ],
  sessions: ['customer_id', 'start_at', 'end_at', 'count', 'total_cents', 'max_score'],
  windows: ['window_name', 'key', 'start_at', 'end_at', 'revision', 'count', 'aggregates'],
  joins: ['join_name', 'key', 'joined_at', 'left_event', 'right_event'],
  late_events: ['window_name', 'key', 'occurred_at', 'event'],
  weather: [
    'provider',
    'place',
    'observed_at',
    'temperature_celsius',
    'humidity_percent',
    'precipitation_mm',
    'wind_speed_kmh',
    'pressure_hpa',
  ],
};

/** An aggregate as the view has to know it. */
export interface AggregateShape {
  readonly name: string;
  readonly fn: string;
  /** What it gives; a list is kept as JSON. */
  readonly gives: 'number' | 'text' | 'list';
}

/** A window as the view has to know it. */
export interface WindowShape {
  readonly name: string;
  /** The kind of window. */
  readonly kind: string;
  readonly aggregates: readonly AggregateShape[];
}

/** The table of a window that is configured: a column an aggregate, so that a row needs no text. */
export function windowTable({ name }: Pick<WindowShape, 'name'>): string {
  return `window_${name}`;
}

const WINDOW_COLUMNS = [
  { name: 'key', kind: 'text', from: 'key', nullable: true },
  { name: 'start_at', kind: 'instant', from: 'start' },
  { name: 'end_at', kind: 'instant', from: 'end' },
  { name: 'revision', kind: 'int', from: 'revision' },
  { name: 'count', kind: 'long', from: 'count' },
  { name: 'partition', kind: 'int', from: '$partition' },
] as const satisfies readonly Column[];

/** Columns of a window's table: the common ones, then its aggregates in order. */
export function windowColumns({ aggregates }: WindowShape): Column[] {
  const own = aggregates.map(({ name, gives }): Column => {
    const kind = gives === 'number' ? 'double' : 'text';
    return { name: `agg_${name}`, kind, from: `aggregates.${name}`, nullable: true };
  });
  return [...WINDOW_COLUMNS, ...own];
}

/** When a result says that it was made, if a flush made it: the last instant of a JavaScript Date. */
const END_OF_TIME_MS = 8.64e15;

const SESSION_COLUMNS = 'customer_id, start_at, end_at, count, total_cents, max_score';

/**
 * A session that a flush gave has the end of time for when it was closed. It may have gone on: a customer's sessions never
 * overlap, so one that does, and is larger, is the same one later. The others are final, and are not looked for.
 */
export const SESSIONS_VIEW_SQL = `CREATE OR REPLACE VIEW sessions AS
  SELECT ${SESSION_COLUMNS} FROM session_parts WHERE closed_at < make_timestamp_ms(${END_OF_TIME_MS})
  UNION ALL SELECT ${SESSION_COLUMNS} FROM session_parts AS one
  WHERE closed_at >= make_timestamp_ms(${END_OF_TIME_MS}) AND NOT EXISTS (
    SELECT 1 FROM session_parts AS other WHERE other.customer_id = one.customer_id
      AND other.start_at <= one.start_at AND other.end_at >= one.end_at
      AND (other.start_at < one.start_at OR other.end_at > one.end_at OR other.count > one.count))`;

/** The view `windows`, over the tables of these windows and the results of others. Names come from a validated file. */
export function windowsViewSql(shapes: readonly WindowShape[]): string {
  const others = `SELECT window_name, key, start_at, end_at, revision, count, aggregates FROM window_parts
    QUALIFY row_number() OVER (PARTITION BY window_name, key, start_at, partition ORDER BY revision DESC) = 1`;
  const all = [others, ...shapes.map(windowSql)].join('\n    UNION ALL ');
  // A result of no events takes back what a flush gave.
  return `CREATE OR REPLACE VIEW windows AS SELECT * FROM (${all}) WHERE count > 0`;
}

function windowSql(shape: WindowShape): string {
  const table = `(SELECT *, rowid AS place_row FROM "${windowTable(shape)}")`;
  return `SELECT ${sqlText(shape.name)}, key, start_at, end_at, revision, count, ${aggregatesSql(shape)}
    FROM (${newestSql(shape, table, table)})`;
}

/** A result's aggregates as JSON text. */
export function aggregatesSql({ aggregates }: WindowShape): string {
  const members = aggregates.map((aggregate) => `${sqlText(aggregate.name)}, ${resultSql(aggregate)}`).join(', ');
  return `json_object(${members})::VARCHAR`;
}

/**
 * Those of some rows that no later result replaces. `among` are all that may replace one: for windows other than sessions
 * the rows themselves, if they hold a window's results whole. Both have the number of a row in its table as `place_row`.
 */
export function newestSql({ kind, name }: Pick<WindowShape, 'kind' | 'name'>, rows: string, among: string): string {
  switch (kind) {
    case 'count':
      // Each is of events of its own. One that was not full when a flush gave it may have grown since, or begin earlier.
      return `SELECT * FROM ${rows} AS one WHERE NOT EXISTS (SELECT 1 FROM ${rows} AS other
        WHERE other.key IS NOT DISTINCT FROM one.key AND other.partition = one.partition
          AND other.start_at = one.start_at AND other.revision > one.revision AND other.place_row > one.place_row
          AND (other.count > one.count
            OR (other.count = 0 AND one.count < (SELECT max(count) FROM "${windowTable({ name })}"))))`;
    case 'session':
      return `SELECT * FROM ${rows} AS one WHERE NOT EXISTS (SELECT 1 FROM ${among} AS other
        WHERE other.key IS NOT DISTINCT FROM one.key AND other.partition = one.partition
          AND other.start_at <= one.start_at AND other.end_at >= one.end_at
          AND (other.start_at < one.start_at OR other.end_at > one.end_at OR other.revision > one.revision))`;
    default:
      return `SELECT * FROM ${rows}
        QUALIFY row_number() OVER (PARTITION BY key, start_at, partition ORDER BY revision DESC) = 1`;
  }
}

function resultSql({ name, fn, gives }: AggregateShape): string {
  if (fn === 'count') return 'count';
  return gives === 'list' ? `"agg_${name}"::JSON` : `"agg_${name}"`;
}

export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
