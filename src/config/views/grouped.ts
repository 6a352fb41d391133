/** A statement with a grouping as the window that it means, as one would write it by hand. */
import { nearestWord } from '../../nearest-word.ts';
import type { Expression } from '../../sql/expression.ts';
import { ExpressionError } from '../../sql/expression-error.ts';
import { expressionText } from '../../sql/expression-text.ts';
import { isKeyByText, keyAsText } from '../../sql/key-text.ts';
import type { Statement } from '../../sql/statement.ts';
import { typeText } from '../../sql/type.ts';
import { refuseUnnest } from '../../sql/unnest.ts';
import { found, rewritten } from '../../sql/walk.ts';
import { isAggregate, refuseAggregate, windowAggregate } from './aggregates.ts';
import { type BucketWindow, bucketOf, tableWindow } from './buckets.ts';
import type { Checker } from './checker.ts';
import { type Output, outputsOf, resolved, type Table } from './columns.ts';
import { cast, isTextAlone } from './typed-parts.ts';

export interface GroupedPlan {
  readonly window: BucketWindow;
  /** Expressions over the stream's fields, each with its name in results. */
  readonly key: readonly { readonly name: string; readonly expression: string }[];
  readonly where: string | null;
  readonly having: string | null;
  /** The columns in their order, over aggregates, the key's names, `start` and `end`. */
  readonly results: readonly { readonly name: string; readonly expression: string }[];
}

type Replacements = ReadonlyMap<string, Expression>;

/** The window of a statement. Throws an ExpressionError where the statement is not a window. */
export function groupedPlan(statement: Statement, table: Table, eventTime: string, check: Checker): GroupedPlan {
  const outputs = outputsOf(statement.items, [table]);
  for (const { expression } of outputs)
    refuseUnnest(expression, 'a group is of rows that are there: unnest in a view of its own');
  const keys = keysOf(statement, outputs, table);
  const bounds = boundsOf(statement, keys, eventTime);
  const values = keys.filter((key) => !bounds.starts.has(expressionText(key)));
  const [only, ...others] = values;
  // A key of one value has the value's text as its name. A key of several has the names of the columns.
  const isOne = only !== undefined && others.length === 0;
  const key = values.map((written) => {
    const type = check.value(written);
    // Results have the only value of a key as text, unless it is a field of whole numbers.
    if (!isKeyByText(type) && !KEYS.includes(type.kind)) {
      const message = `a group is of texts, numbers, truths or times, and this is ${typeText(type)}: CAST it to VARCHAR`;
      throw new ExpressionError(message, written.at);
    }
    const isText = isKeyByText(type) || (isOne && isTextAlone(written, type));
    const textType = isText ? type : null;
    const expression = textType === null ? written : keyAsText(written, textType);
    const name = isOne ? textName(expression) : keyName(written, outputs);
    return { written, expression, name, value: textType === null ? columnOf(name) : cast(columnOf(name), textType) };
  });
  const replacements: Map<string, Expression> = new Map();
  for (const text of bounds.starts) replacements.set(text, columnOf('start'));
  for (const text of bounds.ends) replacements.set(text, columnOf('end'));
  for (const { written, value } of key) replacements.set(expressionText(written), value);
  const results = outputs.map(({ name, expression }) => {
    const over = overResults(expression, replacements, check);
    // A bare name would be taken for an aggregate.
    return { name, expression: /^\w+$/.test(over) ? `(${over})` : over };
  });
  const where = statement.where === null ? null : resolved(statement.where, [table], outputs);
  if (where !== null) {
    refuseAggregate(where, 'WHERE is over events: write the condition behind HAVING');
    check.condition(where);
  }
  return {
    window: bounds.window,
    key: key.map(({ name, expression }) => ({ name, expression: expressionText(expression) })),
    where: where === null ? null : expressionText(where),
    having: havingOf(statement, outputs, table, replacements, check),
    results,
  };
}

/** The kinds of value that windows have as keys. */
const KEYS: readonly string[] = ['varchar', 'bigint', 'boolean'];

function columnOf(name: string): Expression {
  return { kind: 'column', names: [name], isQuoted: false, at: 1 };
}

function keysOf({ groupBy, having, from }: Statement, outputs: readonly Output[], table: Table): Expression[] {
  if (groupBy === 'all') {
    return outputs.flatMap(({ expression }) => (found(expression, isAggregate) === null ? [expression] : []));
  }
  if (groupBy === null && from.window?.name === 'latest') return [];
  if (groupBy === null) {
    const aggregate = outputs.map(({ expression }) => found(expression, isAggregate)).find((each) => each !== null);
    const at = aggregate?.at ?? having?.at ?? 1;
    throw new ExpressionError(ENDLESS, at);
  }
  return groupBy.map((each) => {
    if (each.kind === 'literal' && typeof each.value === 'number') {
      const output = outputs[each.value - 1];
      if (output !== undefined) return output.expression;
      throw new ExpressionError(`there is no column ${each.value}`, each.at);
    }
    const own = named(each, outputs, table)?.expression ?? resolved(each, [table]);
    refuseAggregate(own, 'an aggregate is over a group, and makes none');
    return own;
  });
}

/** The column that a bare name means, where no field has that name. */
function named(expression: Expression, outputs: readonly Output[], { schema }: Table): Output | undefined {
  if (expression.kind !== 'column' || expression.names.length > 1) return undefined;
  const name = (expression.names[0] ?? '').toLowerCase();
  if (schema.fields.some((field) => field.name.toLowerCase() === name)) return undefined;
  return outputs.find((output) => output.name.toLowerCase() === name);
}

const ENDLESS =
  "a stream never ends, so a group needs a window: GROUP BY time_bucket(INTERVAL '1 minute', the event time), or select from tumble, hop or session; of the newest row of each key it is FROM latest(stream)";

const NONE: ReadonlySet<string> = new Set();

interface Bounds {
  readonly window: BucketWindow;
  /** Texts of the expressions that are a window's start, or its end. */
  readonly starts: ReadonlySet<string>;
  readonly ends: ReadonlySet<string>;
}

function boundsOf({ from }: Statement, keys: readonly Expression[], eventTime: string): Bounds {
  if (from.window?.name === 'latest') return { window: tableWindow(from.window, eventTime), starts: NONE, ends: NONE };
  const buckets = keys.flatMap((key) => {
    const window = bucketOf(key, eventTime);
    return window === null ? [] : [{ window, key }];
  });
  if (from.window === null) {
    // The shortest bucket is the window. Longer buckets are further values of the key.
    const [first] = buckets.toSorted((a, b) => sizeOf(a.window) - sizeOf(b.window));
    if (first === undefined) throw new ExpressionError(otherTime(keys, eventTime) ?? ENDLESS, keys[0]?.at ?? 1);
    const same = buckets.filter(({ window }) => JSON.stringify(window) === JSON.stringify(first.window));
    return { window: first.window, starts: new Set(same.map(({ key }) => expressionText(key))), ends: new Set() };
  }
  const [bucket] = buckets;
  if (bucket !== undefined) throw new ExpressionError(`${from.window.name} is the window of this view`, bucket.key.at);
  const isBound = (key: Expression): boolean => BOUNDS.includes(expressionText(key).toLowerCase());
  if (!keys.some(isBound)) {
    throw new ExpressionError('the groups of a window are told apart by window_start: GROUP BY it', from.window.at);
  }
  return {
    window: tableWindow(from.window, eventTime),
    starts: new Set(['window_start', ...keys.filter(isBound).map(expressionText)]),
    ends: new Set(['window_end']),
  };
}

function sizeOf(window: BucketWindow): number {
  return window !== 'table' && 'tumbling' in window ? window.tumbling : 0;
}

const BOUNDS: readonly string[] = ['window_start', 'window_end'];

/** What to say of a bucket of another time than the stream's. */
function otherTime(keys: readonly Expression[], eventTime: string): string | null {
  const bucket = keys.find((key) => key.kind === 'call' && (key.name === 'time_bucket' || key.name === 'date_trunc'));
  return bucket === undefined ? null : `windows go by the stream's event time, which is ${eventTime}`;
}

function textName(expression: Expression): string {
  return expressionText(expression).split('.').at(-1) ?? '';
}

/** The name of a key's value: the field's own, or else that of its column. */
function keyName(expression: Expression, outputs: readonly Output[]): string {
  const text = expressionText(expression);
  const output = outputs.find((each) => expressionText(each.expression) === text);
  if (output !== undefined) return output.name;
  if (expression.kind === 'column') return expression.names.join('_');
  throw new ExpressionError(`what is grouped by has to be a column: select ${text} AS and a name`, expression.at);
}

/** An expression over results in the place of one over events. */
function overResults(expression: Expression, replacements: Replacements, check: Checker): string {
  const over = rewritten(expression, (each) => {
    const known = replacements.get(expressionText(each));
    if (known !== undefined) return known;
    if (isAggregate(each)) return windowAggregate(each, check);
    if (each.kind !== 'column') return null;
    const near = nearestWord(each.names[0] ?? '', [...replacements.values()].map(expressionText));
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    throw new ExpressionError(`${expressionText(each)} is neither grouped by nor inside an aggregate${hint}`, each.at);
  });
  return expressionText(over);
}

function havingOf(
  { having }: Statement,
  outputs: readonly Output[],
  table: Table,
  replacements: Replacements,
  check: Checker,
): string | null {
  if (having === null) return null;
  // HAVING may name columns of SELECT.
  const own = rewritten(having, (each) => named(each, outputs, table)?.expression ?? null);
  const over = resolved(own, [table]);
  const byText = new Map(replacements);
  for (const { name, expression } of outputs) {
    if (found(expression, isAggregate) !== null) byText.set(expressionText(expression), columnOf(name));
  }
  return overResults(over, byText, check);
}
