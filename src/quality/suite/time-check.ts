/**
 * Rules that look at a column of times: how old the newest row is, and whether the last hour had as many rows as in
 * past weeks.
 */
import { type Check, numberOf, type Table } from './check.ts';
import { PASSED } from './result.ts';
import type { TimeRule } from './suite.ts';
import { CheckError, columnNamed, comparable, familyOf, type TableColumn, valueSql } from './table-column.ts';

const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;

export function timeCheck(rule: TimeRule, table: Table): Check {
  const column = columnNamed(table.columns, rule.column);
  const family = familyOf(column);
  if (family !== 'timestamp' && family !== 'date') {
    throw new CheckError(`${rule.type} needs a column of times, and ${column.name} is ${column.type}`);
  }
  return rule.type === 'expect_table_to_be_fresh'
    ? freshnessCheck(rule, column, table.nowMs)
    : volumeCheck(rule, column, table);
}

function epochMs(value: string, { type }: TableColumn): string {
  return type === 'TIMESTAMP WITH TIME ZONE' ? `epoch_ms(${value})` : `epoch_ms(${value}::TIMESTAMP)`;
}

type FreshRule = Extract<TimeRule, { readonly type: 'expect_table_to_be_fresh' }>;

function freshnessCheck(rule: FreshRule, column: TableColumn, nowMs: number): Check {
  const { warnAfterMs, errorAfterMs } = rule;
  return {
    scan: [epochMs(`max(${valueSql(column)})`, column)],
    statement: null,
    samples: null,
    judge([newest]) {
      if (newest == null) {
        const message = 'there is no row, so none is fresh';
        return { outcome: errorAfterMs === null ? 'warning' : 'failed', message, result: { observed_value: null } };
      }
      const ageMs = nowMs - numberOf(newest);
      const at = new Date(numberOf(newest)).toISOString();
      const result = { observed_value: at, details: { age_seconds: ageMs / 1000 } };
      const message = `the newest row is of ${at}, ${ageText(ageMs)} ago`;
      if (errorAfterMs !== null && ageMs > errorAfterMs) return { outcome: 'failed', message, result };
      if (warnAfterMs !== null && ageMs > warnAfterMs) return { outcome: 'warning', message, result };
      return { ...PASSED, result };
    },
  };
}

function ageText(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

type VolumeRule = Extract<TimeRule, { readonly type: 'expect_table_row_count_to_match_past_weeks' }>;

/** The last whole hour, against the same hour of the weeks before it that the table has rows before. */
function volumeCheck(rule: VolumeRule, column: TableColumn, { relation, nowMs }: Table): Check {
  const value = valueSql(column);
  const endMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS;
  const hours = Array.from({ length: rule.weeks + 1 }, (_, week) => endMs - HOUR_MS - week * WEEK_MS);
  const counts = hours.map((startMs) => {
    const [from, to] = [comparable(startMs, column, 'hour'), comparable(startMs + HOUR_MS, column, 'hour')];
    return `count(*) FILTER (WHERE ${value} >= ${from} AND ${value} < ${to})`;
  });
  const fromMs = hours.at(-1) ?? endMs;
  const since = `${value} >= ${comparable(fromMs, column, 'hour')}`;
  return {
    scan: [epochMs(`min(${value})`, column)],
    statement: `SELECT ${counts.map((count, i) => `${count} AS n${i}`).join(', ')} FROM ${relation} WHERE ${since}`,
    samples: null,
    judge([oldest], [row]) {
      const [current = 0, ...before] = hours.map((_, i) => numberOf(row?.[`n${i}`]));
      // A week that the table does not reach back to says nothing; an hour without rows in one that it does is a count of 0.
      const past = before.filter((_, i) => oldest != null && numberOf(oldest) < (hours[i + 1] ?? 0) + HOUR_MS);
      const middle = median(past);
      const deviation = median(past.map((each) => Math.abs(each - middle)));
      const allowed = Math.max(rule.k * deviation, rule.tolerance * middle);
      const hour = new Date(endMs - HOUR_MS).toISOString();
      const result = { observed_value: current, details: { hour, past, median: middle, mad: deviation, allowed } };
      if (past.length < rule.min_weeks) {
        const message = `the table reaches back ${past.length} weeks, and ${rule.min_weeks} are needed for a judgement`;
        return { outcome: 'warning', message, result };
      }
      if (Math.abs(current - middle) <= allowed) return { ...PASSED, result };
      const message = `the hour from ${hour} had ${current} rows; this hour of past weeks had ${middle}, give or take ${Number(allowed.toPrecision(4))}`;
      return { outcome: 'failed', message, result };
    },
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = sorted.length / 2;
  return sorted.length === 0 ? 0 : ((sorted[Math.ceil(at) - 1] ?? 0) + (sorted[Math.floor(at)] ?? 0)) / 2;
}
