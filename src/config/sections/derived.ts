/** The derived streams of a file, against the schemas of their streams: one event for each of another that a condition takes. */
import { z } from 'zod';
import type { Report } from '../../keys/names.ts';
import { name } from '../../keys/value-schema.ts';
import { DERIVED_TIME, derivedSchema } from '../../messages/derived-event.ts';
import { AGGREGATE_NAME } from '../../messages/window-result.ts';
import { functionsIn, type UserFunction } from '../../sql/user-function.ts';
import { derivedKind } from '../../streams/derived-operator.ts';
import { isUnnesting, selectedFields } from '../../streams/selection.ts';
import { type DeclaredOperator, placedWithInput } from '../declared-operator.ts';
import { checkCondition, checkSelected, condition, writtenLanguage } from '../expressions.ts';
import { entries, type Reading, section } from '../section.ts';
import { functionsSection } from './functions.ts';
import { isOfStream, logOf, type Relation, readBy, viewOf } from './relation.ts';

export interface DerivedConfig {
  readonly name: string;
  readonly stream: string;
  /** The condition as it is written; null for all events. */
  readonly where: string | null;
  readonly fields: readonly { readonly name: string; readonly expression: string }[];
  /** Present where the expressions mean something else in the language that was there before SQL. */
  readonly language?: 'sql';
  /** Functions of users that its expressions name; absent for none. */
  readonly functions?: readonly UserFunction[];
}

const derived = z.strictObject({
  stream: z.string(),
  where: condition,
  select: z
    .record(name, z.string())
    .refine((fields) => Object.keys(fields).length > 0, { message: 'needs a field such as total: price * quantity' })
    .describe('Its fields by name: an expression over those of the stream, such as price * quantity.'),
});

type RawDerived = z.output<typeof derived>;

const each = entries(derivedOf);

export const derivedSection = section({
  key: 'derived',
  schema: z.record(name, derived).default({}),
  streamNames: (raw) => Object.keys(raw),
  relations: {
    entryOf: (name, raw) => (Object.hasOwn(raw, name) ? name : null),
    names: (raw) => Object.keys(raw),
    of(name, reading) {
      const own = each.one(name, derivedSection.raw(reading), reading);
      const of = own === null ? null : reading.relation(own.stream, ['derived', name, 'stream']);
      return own === null || of === null ? null : derivedRelation(own, of);
    },
  },
  operators: (all: readonly DerivedConfig[]) => all.map(declaredOf),
  derive: (raw, reading): readonly DerivedConfig[] => each.all(raw, reading),
  print: (all) => Object.fromEntries(all.map((own) => [own.name, printDerived(own)])),
});

/** What every derived event has beside its fields; see the form of `millrace run --output`. */
const EVENT_FIELDS: readonly string[] = ['stream', DERIVED_TIME];

/**
 * The derived stream; null when the stream that it reads does not exist, or when its events can't be made of that
 * one's.
 */
export function derivedOf(name: string, raw: RawDerived, reading: Reading): DerivedConfig | null {
  const { report, relation } = reading;
  const at = ['derived', name];
  const functions = functionsSection.of(reading);
  const stream = relation(raw.stream, [...at, 'stream']);
  if (stream === null) return null;
  const { schema } = stream;
  let isSound = true;
  const wrong: Report = (path, message, character) => {
    isSound = false;
    report(path, message, character);
  };
  if (raw.where !== null)
    checkCondition(raw.where, schema, functions, (message, character) => wrong([...at, 'where'], message, character));
  const fields = Object.entries(raw.select).map(([field, expression]) => {
    const path = [...at, 'select', field];
    if (EVENT_FIELDS.includes(field)) wrong(path, `is a field of every event; known: ${EVENT_FIELDS.join(', ')}`);
    if (!AGGREGATE_NAME.test(field)) wrong(path, 'a field has letters, digits and underscore in its name');
    checkSelected(field, expression, schema, functions, (message, character) => wrong(path, message, character));
    return { name: field, expression };
  });
  if (!isSound) return null;
  const texts = [...(raw.where === null ? [] : [raw.where]), ...Object.values(raw.select)];
  const own = { name, stream: raw.stream, where: raw.where, fields };
  return { ...own, ...writtenLanguage(texts, schema), ...functionsIn(texts, functions) };
}

/**
 * A derived stream as others read it, by what it reads itself. No log has its events, unless one event gives several,
 * which go different ways.
 */
export function derivedRelation({ stream: _, ...selection }: DerivedConfig, of: Relation): Relation {
  const { name, fields } = selection;
  const own = {
    name,
    schema: derivedSchema(name, selectedFields(selection, of.schema)),
    key: fields.find(({ expression }) => expression.trim() === of.key)?.name ?? null,
    eventTime: DERIVED_TIME,
    partitions: of.partitions,
  };
  if (isUnnesting(selection, of.schema)) return { ...own, watermark: { kind: 'scripted' }, log: logOf(of) };
  return { ...own, watermark: of.watermark, view: { of, selection } };
}

/** The operator of a derived stream. It runs wherever the stream's events are. */
function declaredOf(own: DerivedConfig): DeclaredOperator {
  const { stream, ...selection } = own;
  return {
    name: own.name,
    kind: derivedKind.kind,
    reads: [{ stream, key: null }],
    gives: [own.name],
    place: placedWithInput,
    relations: ([of]) => [derivedRelation(own, of)],
    spec({ inputs: [relation] }) {
      const of = viewOf(relation);
      const view = of === undefined ? {} : { of };
      if (isOfStream(relation)) return derivedKind.of(own.name, { ...selection, ...view });
      const { name, eventTime: timeField, timeLessMs } = readBy(relation);
      const output = { stream: name, timeField, ...(timeLessMs === undefined ? {} : { timeLessMs }) };
      return derivedKind.of(own.name, { ...selection, ...view, output });
    },
  };
}

function printDerived({ stream, where, fields }: DerivedConfig) {
  return { stream, where, select: Object.fromEntries(fields.map(({ name, expression }) => [name, expression])) };
}
