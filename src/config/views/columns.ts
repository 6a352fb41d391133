/** What the names of a statement stand for: fields of its streams, without the alias before them. */
import type { AvroRecord } from '../../messages/avro.ts';
import type { Expression } from '../../sql/expression.ts';
import { ExpressionError } from '../../sql/expression-error.ts';
import { expressionText } from '../../sql/expression-text.ts';
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

/** The expression with each column as its field. Throws an ExpressionError for one that may be of either of two streams. */
export function resolved(expression: Expression, tables: readonly Table[]): Expression {
  return rewritten(expression, (each) => (each.kind === 'column' ? fieldOf(each, tables) : null));
}

function fieldOf(column: Column, tables: readonly Table[]): Expression {
  const { names, at } = column;
  for (const { source, prefix } of tables) {
    const rest = behind(names, titleOf(source));
    if (rest !== null) return { ...column, names: [...prefix, ...rest] };
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
  return { ...column, names: [...only.prefix, ...names] };
}

/** What a statement calls a stream. */
function titleOf({ alias, stream }: SourceItem): string {
  return alias ?? stream;
}

/** The names behind a stream's own, which may be several with points between, or one in quotes; null when others come first. */
function behind(names: readonly string[], title: string): readonly string[] | null {
  for (const own of [[title], title.split('.')]) {
    const isSame = own.every((part, i) => part.toLowerCase() === names[i]?.toLowerCase());
    if (isSame && names.length > own.length) return names.slice(own.length);
  }
  return null;
}

export function hasField({ fields }: AvroRecord, name: string): boolean {
  return fields.some((field) => field.name.toLowerCase() === name.toLowerCase());
}

/** The columns of a statement by name, `*` written out. Throws an ExpressionError. */
export function outputsOf(items: readonly SelectItem[], tables: readonly Table[]): Output[] {
  const outputs = items.flatMap((item) => {
    if (item.kind === 'star') return allOf(item, tables);
    const { expression, at } = item;
    return [{ name: item.name ?? nameOf(expression), expression: resolved(expression, tables), at }];
  });
  for (const [i, { name, at }] of outputs.entries()) {
    const isTaken = outputs.slice(0, i).some((other) => other.name.toLowerCase() === name.toLowerCase());
    if (isTaken) throw new ExpressionError(`two columns are called ${name}: write AS and another name`, at);
  }
  return outputs;
}

function allOf({ table, at }: Extract<SelectItem, { kind: 'star' }>, tables: readonly Table[]): Output[] {
  const chosen = tables.filter(({ source }) => table === null || titleOf(source).toLowerCase() === table.toLowerCase());
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
