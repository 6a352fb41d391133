/** Events that came in, by key and time: what a window's result or a domain's event came of. */
import type { Columns } from '../messages/columns.ts';
import { compileCondition, languageOf } from '../sql/compile.ts';
import { computedColumn } from '../streams/computed-column.ts';
import { type GroupKey, keyReader } from '../streams/group-key.ts';
import { keyAt } from '../streams/key-column.ts';
import { eventsInTime, type Sought } from './events-in-time.ts';
import type { Lineage, SourceStream, WindowOf } from './lineage.ts';
import { type PlacedEvent, placed, type Relation } from './placed-event.ts';

/** Disorder that is looked for where a stream's watermark does not bound it. */
const SLACK_MS = 60_000;

export interface InputsAsked {
  readonly source: SourceStream;
  /** Both inclusive, of event time. */
  readonly fromMs: number;
  readonly toMs: number;
  /** How far arrival may be out of the order of time; Infinity to read all. */
  readonly slackMs?: number;
  /** All of them are in this log. */
  readonly log?: string;
  /** The rows of a block that are meant. */
  matcher(columns: Columns): (row: number) => boolean;
  readonly relation: (columns: Columns, row: number) => Relation;
  /** So many are given at most; all are counted. */
  readonly limit: number;
}

export interface Inputs {
  /** Oldest first; no more than the limit. */
  readonly events: readonly PlacedEvent[];
  readonly count: number;
}

export async function inputsOf(lineage: Lineage, asked: InputsAsked): Promise<Inputs> {
  const { source, fromMs, toMs, limit, slackMs = slackOf(source) } = asked;
  const events: PlacedEvent[] = [];
  let count = 0;
  for (const { log, end } of lineage.logsOf(source.stream)) {
    if (asked.log !== undefined && log !== asked.log) continue;
    const arrivedFromMs = fromMs - slackMs;
    const sought = {
      ...soughtOf(lineage, source, log, await end()),
      fromMs,
      toMs,
      arrivedFromMs,
      arrivedToMs: toMs + slackMs,
    };
    for await (const found of eventsInTime(lineage, sought)) {
      const { columns, rows } = found;
      const isMeant = asked.matcher(columns);
      const times = sought.timesOf(columns);
      for (const row of rows) {
        if (!isMeant(row)) continue;
        count += 1;
        const of = { log, relation: asked.relation(columns, row), record: source.record, time: times[row] ?? null };
        if (events.length < limit) events.push(placed(found, row, of));
      }
    }
  }
  events.sort((one, other) => (one.time ?? 0) - (other.time ?? 0) || one.offset - other.offset);
  return { events, count };
}

export function slackOf({ watermark }: SourceStream): number {
  return watermark.kind === 'bounded' ? watermark.outOfOrdernessMs + SLACK_MS : SLACK_MS;
}

function soughtOf(
  { registry }: Lineage,
  { record, timeField, timeLessMs = 0 }: SourceStream,
  log: string,
  toOffset: number,
): Pick<Sought, 'log' | 'toOffset' | 'typeOf' | 'timesOf'> {
  return {
    log,
    toOffset,
    typeOf(section) {
      if (section.role !== 'input') return null;
      const type = registry.writerOf(section.fingerprint);
      return type?.name === record ? type : null;
    },
    timesOf: (columns) => {
      const times = columns.numbers(timeField);
      return timeLessMs === 0 ? times : times.map((time) => time - timeLessMs);
    },
  };
}

/** The text that a result has for the group of a row; null for the one group over all. */
export function keyTextOf(key: GroupKey, source: SourceStream): (columns: Columns) => (row: number) => string | null {
  const read = keyReader(key, source.schema);
  return (columns) => {
    const column = read(columns);
    return (row) => {
      const value = column === null ? null : keyAt(column, row);
      return value === null ? null : String(value);
    };
  };
}

/** Whether a window takes a row; it is taken where the condition is one of a derived stream, or calls code of users. */
export function takes({ spec, source }: WindowOf): (columns: Columns) => (row: number) => boolean {
  const { where, language, of, functions } = spec;
  if (where === null || of !== undefined || functions !== undefined) return () => () => true;
  const condition = computedColumn(
    compileCondition(where, source.schema, languageOf(language, [where], source.schema)),
  );
  return (columns) => {
    condition.begin(columns);
    return (row) => {
      try {
        condition.compute(row);
      } catch {
        // The event failed in the window too, and is a dead letter.
        return false;
      }
      const column = condition.column();
      return column.kind === 'number' && column.nulls?.[row] !== 1 && column.values[row] === 1;
    };
  };
}
