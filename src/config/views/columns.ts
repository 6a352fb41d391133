/** What the names of a statement stand for: fields of its streams, without the alias before them. */
import type { AvroRecord } from '../../messages/avro.ts';
import type { Expression } from '../../sql/expression.ts';
import { ExpressionError } from '../../sql/expression-error.ts';
import { expressionText } from '../../sql/expression-text.ts';
import { recordScope } from '../../sql/scope.ts';
import type { SelectItem, SourceItem } from '../../sql/statement.ts';
import { rewritten } from '../../sql/walk.ts';

/** A stream of a statement, with what its columns need. */
export interface Table {
  readonly source: SourceItem;
  readonly schema: AvroRecord;
  /** What stands before its fields where they are computed: nothing, or `left` or `right` in a join. */
  readonly prefix: readonly string[];
}

export interface Output {
  readonly name: string;
  readonly expression: Expression;
  readonly at: number;
}

type Column = Extract<Expression, { kind: 'column' }>;

/**
 * The expression with each column as its field. A name that no field has may be the name of an earlier column of
 * SELECT. Throws an ExpressionError for a column that may be of either of two streams.
 */
export function resolved(
  expression: Expression,
  tables: readonly Table[],
  outputs: readonly Output[] = [],
): Expression {
  return rewritten(expression, (each) => {
    return each.kind === 'column' ? (outputNamed(each, tables, outputs) ?? fieldOf(each, tables)) : null;
  });
}

function outputNamed({ names, at }: Column, tables: readonly Table[], outputs: readonly Output[]): Expression | null {
  const [name = '', ...members] = names;
  if (tables.some(({ source, schema }) => hasField(schema, name) || isSame(titleOf(source), name))) return null;
  const output = outputs.find((each) => isSame(each.name, name));
  if (output === undefined) return null;
  return members.reduce((of: Expression, member) => ({ kind: 'member', of, name: member, at }), output.expression);
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function fieldOf(column: Column, tables: readonly Table[]): Expression {
  const { names, at } = column;
  for (const table of tables) {
    const rest = behind(names, titleOf(table.source));
    if (rest !== null) return asWritten(column, rest, table);
  }
  const [name = ''] = names;
  const [only, ...others] = tables.filter(({ schema }) => tables.length === 1 || hasField(schema, name));
  if (only === undefined) {
    const known = tables.map(({ source }) => titleOf(source)).join(' and ');
    throw new ExpressionError(`there is no field ${name} of ${known}`, at);
  }
  if (others.length > 0) {
    const [first, second] = [only, ...others].map(({ source }) => `${titleOf(source)}.${name}`);
    throw new ExpressionError(`${name} is a field of both: write ${first} or ${second}`, at);
  }
  return asWritten(column, names, only);
}

/**
 * The column with the field's names as the schema writes them, so that texts which differ only in case become one.
 * Unknown names stay.
 */
function asWritten(column: Column, names: readonly string[], { schema, prefix }: Table): Expression {
  const field = recordScope(schema).field(names);
  const own = 'wrong' in field ? names : [...field.path.split('.'), ...names.slice(field.names)];
  return { ...column, names: [...prefix, ...own] };
}

/** The name of a stream in a statement. */
function titleOf({ alias, stream }: SourceItem): string {
  return alias ?? stream;
}

/**
 * The names behind the stream's own; null when other names come first. The stream's own may be several with points
 * between, or one in quotes.
 */
function behind(names: readonly string[], title: string): readonly string[] | null {
  for (const own of [[title], title.split('.')]) {
    const isOwn = own.every((part, i) => isSame(part, names[i] ?? ''));
    if (isOwn && names.length > own.length) return names.slice(own.length);
  }
  return null;
}

export function hasField({ fields }: AvroRecord, name: string): boolean {
  return fields.some((field) => isSame(field.name, name));
}

/** The columns of a statement by name, with `*` written out. Throws an ExpressionError. */
export function outputsOf(items: readonly SelectItem[], tables: readonly Table[]): Output[] {
  const outputs: Output[] = [];
  for (const item of items) {
    const { at } = item;
    if (item.kind === 'star') outputs.push(...allOf(item, tables));
    else {
      const expression = resolved(item.expression, tables, outputs);
      outputs.push({ name: item.name ?? nameOf(item.expression), expression, at });
    }
  }
  for (const [i, { name, at }] of outputs.entries()) {
    const isTaken = outputs.slice(0, i).some((other) => isSame(other.name, name));
    if (isTaken) throw new ExpressionError(`two columns are called ${name}: write AS and another name`, at);
  }
  return outputs;
}

function allOf({ table, at }: Extract<SelectItem, { kind: 'star' }>, tables: readonly Table[]): Output[] {
  const chosen = tables.filter(({ source }) => table === null || isSame(titleOf(source), table));
  if (chosen.length === 0) throw new ExpressionError(`there is no stream ${table} here`, at);
  return chosen.flatMap(({ schema, prefix }) =>
    schema.fields.map(({ name }) => {
      const expression: Expression = { kind: 'column', names: [...prefix, name], isQuoted: false, at };
      return { name, expression, at };
    }),
  );
}

/** The column's name as DuckDB gives it: the field's, or else its text, which is not a name of a field. */
function nameOf(expression: Expression): string {
  if (expression.kind === 'column') return expression.names.at(-1) ?? '';
  if (expression.kind === 'member') return expression.name;
  throw new ExpressionError(`needs a name: write ${expressionText(expression)} AS and a name`, expression.at);
}
