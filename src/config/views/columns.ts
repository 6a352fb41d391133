/** What the names of a statement stand for: fields of its streams, without the alias before them. */
import type { AvroRecord } from '../../messages/avro.ts';
import type { Expression } from '../../sql/expression.ts';
import { ExpressionError } from '../../sql/expression-error.ts';
import { expressionText } from '../../sql/expression-text.ts';
import { recordScope } from '../../sql/scope.ts';
import type { SelectItem, SourceItem } from '../../sql/statement.ts';
import { rewritten } from '../../sql/walk.ts';

/** A stream of a statement, as far as its columns go. */
export interface Table {
  readonly source: SourceItem;
  readonly schema: AvroRecord;
  /** What stands before its fields where they are computed: nothing, or `left` and `right` of a join. */
  readonly prefix: readonly string[];
}

export interface Output {
  readonly name: string;
  readonly expression: Expression;
  readonly at: number;
}

type Column = Extract<Expression, { kind: 'column' }>;

/**
 * The expression with each column as its field, or as what a column of SELECT before it is called, where no field is called
 * so. Throws an ExpressionError for one that may be of either of two streams.
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

/** With the field's names as the schema writes them, so that what is alike but for its case is one thing; wrong ones stay. */
function asWritten(column: Column, names: readonly string[], { schema, prefix }: Table): Expression {
  const field = recordScope(schema).field(names);
  const own = 'wrong' in field ? names : [...field.path.split('.'), ...names.slice(field.names)];
  return { ...column, names: [...prefix, ...own] };
}

/** What a statement calls a stream. */
function titleOf({ alias, stream }: SourceItem): string {
  return alias ?? stream;
}

/** The names behind a stream's own, which may be several with points between, or one in quotes; null when others come first. */
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

/** The columns of a statement by name, `*` written out. Throws an ExpressionError. */
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

/** As DuckDB names a column: by its field, or else by its text, which is no name of a field. */
function nameOf(expression: Expression): string {
  if (expression.kind === 'column') return expression.names.at(-1) ?? '';
  if (expression.kind === 'member') return expression.name;
  throw new ExpressionError(`needs a name: write ${expressionText(expression)} AS and a name`, expression.at);
}
