/** The views of a file: one SQL statement each, which is a window, a derived stream, or a join and a derived stream of it. */
import { z } from 'zod';
import { formatDuration } from '../../keys/units.ts';
import { duration, name } from '../../keys/value-schema.ts';
import { ExpressionError } from '../../sql/expression-error.ts';
import { expressionText } from '../../sql/expression-text.ts';
import { parseStatement, type SourceItem, type Statement } from '../../sql/statement.ts';
import { found } from '../../sql/walk.ts';
import { isBuiltinTable } from '../../tables.ts';
import { NO_EXCHANGES } from '../declared-operator.ts';
import { entries, type Reading, section } from '../section.ts';
import { isAggregate, refuseAggregate } from '../views/aggregates.ts';
import { checkerIn } from '../views/checker.ts';
import { outputsOf, resolved, type Table } from '../views/columns.ts';
import { type GroupedPlan, groupedPlan } from '../views/grouped.ts';
import { overPairs } from '../views/grouped-pairs.ts';
import { joinedPlan, type Side } from '../views/joined.ts';
import { windowPlace } from '../window-place.ts';
import { type JoinConfig, joinRelation } from './declared-join.ts';
import { type DerivedConfig, derivedOf, derivedRelation } from './derived.ts';
import { functionsSection } from './functions.ts';
import { joinOf } from './joins.ts';
import type { Relation } from './relation.ts';
import { windowRelation } from './window-relation.ts';
import { type WindowConfig, windowOf } from './windows.ts';

export interface ViewConfig {
  readonly name: string;
  readonly sql: string;
  readonly allowedLatenessMs: number;
  readonly graceMs: number;
  /** The windows that the statement means, as one would write them by hand. */
  readonly windows: readonly WindowConfig[];
  readonly joins: readonly JoinConfig[];
  readonly derived: readonly DerivedConfig[];
}

/** The end of the name that a view of a join gives to the pairs that it selects from. */
const PAIRS = '.pairs';

const view = z
  .union([
    z.string(),
    z.strictObject({
      sql: z.string().describe('One SELECT of DuckDB.'),
      allowedLateness: duration.prefault('0s').describe('Of a view with a group: a late event corrects it so long.'),
      grace: duration.prefault('0s').describe('Of a view with a join: an event may come so long behind the watermark.'),
    }),
  ])
  .transform((written) => {
    if (typeof written !== 'string') return { ...written, at: ['sql'] };
    return { sql: written, allowedLateness: 0, grace: 0, at: [] };
  });

type RawView = z.output<typeof view>;

const each = entries(viewOf);

export const viewsSection = section({
  key: 'views',
  schema: z.record(name, view).default({}),
  streamNames: (raw) => Object.keys(raw),
  relations: {
    entryOf: (name, raw) => (Object.hasOwn(raw, name) ? name : null),
    names: (raw) => Object.keys(raw),
    of(name, reading) {
      const own = each.one(name, viewsSection.raw(reading), reading);
      return own === null ? null : viewRelation(own, reading);
    },
  },
  derive: (raw, reading): readonly ViewConfig[] => each.all(raw, reading),
  print: (views) => Object.fromEntries(views.map((own) => [own.name, printView(own)])),
});

function printView({ sql, allowedLatenessMs, graceMs }: ViewConfig) {
  if (allowedLatenessMs === 0 && graceMs === 0) return sql;
  return { sql, allowedLateness: formatDuration(allowedLatenessMs), grace: formatDuration(graceMs) };
}

/** The view; null, and a report at its place in the text, where the statement can't be run over streams. */
function viewOf(name: string, raw: RawView, reading: Reading): ViewConfig | null {
  const { sql } = raw;
  if (isBuiltinTable(name)) reading.report(['views', name], 'is a table of the read models; choose another name');
  const path = ['views', name, ...raw.at];
  try {
    const statement = parseStatement(sql);
    const meaning = meaningOf(name, statement, raw, inStatement(reading, path, statement), path);
    return meaning === null
      ? null
      : { name, sql, allowedLatenessMs: raw.allowedLateness, graceMs: raw.grace, ...meaning };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    reading.report(path, `at character ${error.position}: ${error.message}`, error.position);
    return null;
  }
}

/**
 * Reports what does not hold of the window, join or derived stream at the part of the statement that it was made of.
 */
function inStatement(reading: Reading, path: readonly string[], statement: Statement): Reading {
  const report = ([, , part = '', column = '', ...rest]: readonly string[], message: string): void => {
    const at = placeOf(statement, part, column);
    if (at === null) {
      reading.report(path, [part, column, ...rest, message].filter(Boolean).join(': '));
      return;
    }
    // The character counts in the made text, not in the statement.
    const words = message.replace(/^at character \d+: /, '');
    const what = part === 'aggregate' || part === 'select' ? `${column}: ${words}` : words;
    reading.report(path, `at character ${at}: ${what}`, at);
  };
  return { ...reading, report: (at, message) => report(at.map(String), message) };
}

/** The place of the part of a statement that a key of a window, join or derived stream was made of. */
function placeOf({ items, where, groupBy, having, join }: Statement, part: string, column: string): number | null {
  if (part === 'aggregate' || part === 'select') {
    const item = items.find((each) => each.kind === 'column' && columnName(each) === column);
    return item?.at ?? items[0]?.at ?? null;
  }
  if (part === 'where') return where?.at ?? join?.at ?? null;
  if (part === 'having') return having?.at ?? null;
  if (part === 'key') return (Array.isArray(groupBy) ? groupBy[0]?.at : null) ?? items[0]?.at ?? null;
  return part === 'on' || part === 'within' || part === 'type' ? (join?.at ?? null) : null;
}

function columnName({ name, expression }: Extract<Statement['items'][number], { kind: 'column' }>): string | undefined {
  return name ?? (expression.kind === 'column' ? expression.names.at(-1) : undefined);
}

type Meaning = Pick<ViewConfig, 'windows' | 'joins' | 'derived'>;

const NOTHING: Meaning = { windows: [], joins: [], derived: [] };

function meaningOf(
  name: string,
  statement: Statement,
  raw: RawView,
  reading: Reading,
  path: readonly string[],
): Meaning | null {
  const { from, join } = statement;
  const left = reading.relation(from.stream, path, from.at);
  if (left === null) return null;
  if (join !== null) return joinMeaning(name, { ...statement, join }, raw, reading, left, path);
  const table: Table = { source: from, schema: left.schema, prefix: [] };
  return isGrouped(statement)
    ? windowMeaning(name, statement, raw, reading, table, left)
    : derivedMeaning(name, statement, reading, table);
}

function isGrouped({ items, from, groupBy, having }: Statement): boolean {
  const aggregates = items.some((item) => item.kind === 'column' && found(item.expression, isAggregate) !== null);
  return aggregates || groupBy !== null || having !== null || from.window !== null;
}

function windowMeaning(
  name: string,
  statement: Statement,
  { allowedLateness }: RawView,
  reading: Reading,
  table: Table,
  { eventTime }: Relation,
): Meaning | null {
  const plan = groupedPlan(statement, table, eventTime, checkerIn(table.schema, functionsSection.of(reading)));
  const window = windowOf(
    name,
    {
      stream: statement.from.stream,
      key: plan.key.length === 0 ? null : keyOf(plan.key),
      window: plan.window === 'table' || 'session' in plan.window ? plan.window : { ...plan.window, timeZone: null },
      allowedLateness,
      early: null,
      where: plan.where,
      having: plan.having,
      top: null,
      aggregate: Object.fromEntries(plan.results.map((each) => [each.name, each.expression])),
    },
    reading,
  );
  return window === null
    ? null
    : { ...NOTHING, windows: [{ ...window, columns: plan.results.map((each) => each.name) }] };
}

function keyOf(key: GroupedPlan['key']): string[] {
  return key.map(({ name, expression }) => (key.length === 1 ? expression : `${expression} AS ${name}`));
}

function derivedMeaning(name: string, statement: Statement, reading: Reading, table: Table): Meaning | null {
  const { items, where, from } = statement;
  const check = checkerIn(table.schema, functionsSection.of(reading));
  const outputs = outputsOf(items, [table]);
  // The parts of the statement itself are checked, so that a fault is reported at its place in the statement.
  for (const { expression } of outputs) check.column(expression);
  const condition = where === null ? null : resolved(where, [table], outputs);
  if (condition !== null) {
    refuseAggregate(condition, 'WHERE is over events: group them, and write the condition behind HAVING');
    check.condition(condition);
  }
  const select = outputs.map((each) => [each.name, expressionText(each.expression)]);
  const derived = derivedOf(
    name,
    {
      stream: from.stream,
      where: condition === null ? null : expressionText(condition),
      select: Object.fromEntries(select),
    },
    reading,
  );
  return derived === null ? null : { ...NOTHING, derived: [derived] };
}

function joinMeaning(
  name: string,
  statement: Statement & { readonly join: NonNullable<Statement['join']> },
  raw: RawView,
  reading: Reading,
  left: Relation,
  path: readonly string[],
): Meaning | null {
  const { from, join } = statement;
  const right = reading.relation(join.right.stream, path, join.right.at);
  if (right === null) return null;
  for (const source of [from, join.right]) refuseWindow(source);
  const sides = [sideOf(from, left, 'left'), sideOf(join.right, right, 'right')] as const;
  const plan = joinedPlan(statement, join, ...sides);
  const pairs = name + PAIRS;
  const on = { left: onlyOrAll(plan.on.map((each) => each.left)), right: onlyOrAll(plan.on.map((each) => each.right)) };
  const common = { left: from.stream, on, where: plan.where, grace: raw.grace } as const;
  const own = joinOf(
    pairs,
    plan.withinMs === null
      ? { ...common, table: join.right.stream, type: plan.type === 'left' ? 'left' : 'inner', history: HISTORY_MS }
      : { ...common, right: join.right.stream, type: plan.type, within: plan.withinMs },
    reading,
  );
  if (own === null) return null;
  if (isGrouped(statement)) {
    const of = joinRelation(own, left, right);
    const grouped = overPairs(pairs, statement, join, ...sides);
    const inPairs = { ...reading, relation: pairsOr(pairs, of, reading) };
    const table: Table = { source: grouped.from, schema: of.schema, prefix: [] };
    const meaning = windowMeaning(name, grouped, raw, inPairs, table, of);
    return meaning === null ? null : { ...meaning, joins: [own] };
  }
  const derived = derivedOf(
    name,
    {
      stream: pairs,
      where: null,
      select: Object.fromEntries(plan.columns.map((each) => [each.name, each.expression])),
    },
    { ...reading, relation: pairsOr(pairs, joinRelation(own, left, right), reading) },
  );
  if (derived === null) return null;
  return { ...NOTHING, joins: [own], derived: [derived] };
}

/** The relation of a name: the view's own pairs, or a relation of the file. */
function pairsOr(pairs: string, relation: Relation, reading: Reading): Reading['relation'] {
  return (other, at) => (other === pairs ? relation : reading.relation(other, at));
}

function onlyOrAll(keys: string[]): string | string[] {
  const [only, ...others] = keys;
  return only === undefined || others.length > 0 ? keys : only;
}

/** A join with a table keeps replaced rows so long by default. */
const HISTORY_MS = 86_400_000;

function sideOf(source: SourceItem, { schema, eventTime }: Relation, side: 'left' | 'right'): Side {
  return { source, schema, eventTime, prefix: [side] };
}

function refuseWindow({ window }: SourceItem): void {
  if (window === null) return;
  throw new ExpressionError(`${window.name} is for a view of one stream: write a view of it and join that`, window.at);
}

function viewRelation({ name, windows, joins, derived }: ViewConfig, reading: Reading): Relation | null {
  const at = ['views', name];
  const [window, join, selected] = [windows[0], joins[0], derived[0]];
  const read = (window ?? selected)?.stream;
  if (read === undefined) return null;
  const of = join === undefined ? reading.relation(read, at) : pairsOf(join, reading, at);
  if (of === null) return null;
  if (window !== undefined) return windowRelation(window, windowPlace(window, of, NO_EXCHANGES));
  return selected === undefined ? null : derivedRelation(selected, of);
}

function pairsOf(join: JoinConfig, reading: Reading, at: readonly string[]): Relation | null {
  const [left, right] = [reading.relation(join.left, at), reading.relation(join.right, at)];
  return left === null || right === null ? null : joinRelation(join, left, right);
}
