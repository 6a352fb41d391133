/** The joins of a file, against the schemas of their streams; and all that windows and joins may be of. */
import { z } from 'zod';
import { isKey, type Report, unknownField, unknownName } from '../../keys/names.ts';
import { formatDuration } from '../../keys/units.ts';
import { duration, name } from '../../keys/value-schema.ts';
import type { AvroField } from '../../messages/avro.ts';
import { joinOfRecord, joinResultSchema } from '../../messages/join-result.ts';
import { fieldAt, valueTypeOf } from '../../streams/field-type.ts';
import type { JoinSpec, WithinMs } from '../../streams/join-kind.ts';
import { checkCondition, condition } from '../expressions.ts';
import { type Reading, section } from '../section.ts';
import { type DerivedConfig, derivedRelation, derivedSection } from './derived.ts';
import { type OperatorConfig, operatorsSection, outputRelations } from './operators.ts';
import { logOf, type Relation, readBy } from './relation.ts';
import { streamsSection } from './streams.ts';
import { checkTumbling, printTumbling, tumbling } from './tumbling.ts';

export interface JoinConfig {
  readonly name: string;
  /** A stream, or a join that stands before it; so is the right one. */
  readonly left: string;
  /** The other stream, or the one that is the table. */
  readonly right: string;
  /** The fields by whose values events match; `record.field` of a nested record. */
  readonly leftKey: string;
  readonly rightKey: string;
  /** The condition on results as it is written; null for all of them. */
  readonly where: string | null;
  readonly spec: JoinSpec;
}

const grace = duration.prefault('0s');
const on = z
  .union([z.string(), z.strictObject({ left: z.string(), right: z.string() })])
  .optional()
  .describe("The field by whose value events match, of both sides or of each; by default the streams' keys.");

const where = condition.describe(
  'Results of which this is true, over the fields of left and right, such as left.total > right.paid.',
);
const within = z
  .union([
    duration,
    z.strictObject({
      before: duration.prefault('0s').describe("How far before the left event's time."),
      after: duration.prefault('0s').describe("How far after the left event's time."),
    }),
  ])
  .describe('Events of a key match whose times are at most so far apart; or the right event so far before and after.');

const join = z.union([
  z.strictObject({
    left: z.string(),
    right: z.string(),
    on,
    type: z.enum(['inner', 'left', 'outer']).default('inner'),
    within,
    where,
    grace: grace.describe('An event may come so long behind the watermark.'),
  }),
  z.strictObject({
    left: z.string(),
    right: z.string(),
    on,
    type: z.enum(['inner', 'left', 'outer']).default('inner'),
    window: tumbling.describe('Events of a key match that are in the same window.'),
    where,
    grace: grace.describe('An event may come so long behind the watermark.'),
  }),
  z.strictObject({
    left: z.string(),
    table: z.string().describe("A stream whose newest event of a key is the row, as of the left event's time."),
    on,
    type: z.enum(['inner', 'left']).default('inner'),
    where,
    grace: grace.describe('An event waits so long, beyond the watermark, for changes of the table.'),
    history: duration.prefault('1d').describe('Rows that were replaced are kept so long, for events that come late.'),
  }),
]);

type RawJoin = z.output<typeof join>;

export const joinsSection = section({
  key: 'joins',
  schema: z.record(name, join).default({}),
  streamNames: (raw) => Object.keys(raw),
  derive(raw, reading): readonly JoinConfig[] {
    const known = relationsOf(streamsSection.of(reading), derivedSection.of(reading), operatorsSection.of(reading), []);
    const joins: JoinConfig[] = [];
    for (const [each, written] of Object.entries(raw)) {
      const sides = [written.left, 'table' in written ? written.table : written.right];
      if (sides.some((side) => isUnknowable(side, reading))) continue;
      const join = joinOf(each, written, known, reading.report);
      if (join === null) continue;
      joins.push(join);
      const relation = joinRelation(join, known);
      if (relation !== null) known.push(relation);
    }
    return joins;
  },
  print: (joins) => Object.fromEntries(joins.map((each) => [each.name, printJoin(each)])),
});

/** A derived stream that is wrong: what is of it is not wrong for that. */
export function isUnknowable(stream: string, reading: Reading): boolean {
  const isDeclared = Object.hasOwn(derivedSection.raw(reading), stream);
  return isDeclared && !derivedSection.of(reading).some(({ name }) => name === stream);
}

/**
 * Of what is before it in the file: streams, and joins that stand above. Null when a side of it does not exist, which
 * makes everything else unknowable.
 */
function joinOf(name: string, raw: RawJoin, known: readonly Relation[], report: Report): JoinConfig | null {
  const at = ['joins', name];
  const sideNamed = (key: string, side: string): Relation | null => {
    const found = known.find((candidate) => candidate.name === side);
    const names = known.map((candidate) => candidate.name);
    if (found === undefined) report([...at, key], unknownName('stream, or join above this one,', side, names));
    return found ?? null;
  };
  const [rightSide, rightName] = 'table' in raw ? ['table', raw.table] : ['right', raw.right];
  const left = sideNamed('left', raw.left);
  const right = sideNamed(rightSide, rightName);
  if (left === null || right === null) return null;
  if (readBy(left) === readBy(right)) report([...at, rightSide], 'a stream is not joined with itself');
  else if (logOf(left) === logOf(right)) {
    report(
      [...at, rightSide],
      `${left.name} and ${right.name} are in the same logs, ${logOf(left)}: key the operator by another field, or join another stream`,
    );
  }
  const { on } = raw;
  const leftKey = on === undefined ? left.key : typeof on === 'string' ? on : on.left;
  const rightKey = on === undefined ? right.key : typeof on === 'string' ? on : on.right;
  if (leftKey === null || rightKey === null) {
    const { name: keyless } = leftKey === null ? left : right;
    report([...at, 'on'], `must say by which fields events match: ${keyless} does not select the key of its stream`);
    return null;
  }
  const keys = [keyOf(left, leftKey, [...at, 'on'], report), keyOf(right, rightKey, [...at, 'on'], report)];
  const [leftType, rightType] = keys.map((field) => (field === undefined ? null : valueTypeOf(field)));
  if (!keys.includes(undefined) && leftType !== rightType) {
    const types = `${leftKey} of ${left.name} is a ${leftType} and ${rightKey} of ${right.name} is a ${rightType}`;
    report([...at, on === undefined ? rightSide : 'on'], `events match by fields of one type, but ${types}`);
  }
  if ('table' in raw && rightKey !== right.key) {
    const known = right.key === null ? 'which it does not select' : right.key;
    report([...at, 'on'], `the rows of a table are told apart by the key of its stream, ${known}`);
  }
  if ('window' in raw) checkTumbling([...at, 'window'], raw.window, report);
  const { where } = raw;
  if (where !== null) {
    checkCondition(where, joinResultSchema(name, left.schema, right.schema), (message) =>
      report([...at, 'where'], message),
    );
  }
  return { name, left: left.name, right: right.name, leftKey, rightKey, where, spec: specOf(raw, right) };
}

/** What a join gives, as what stands below it in the file sees it. Its own partitions say how far they have come. */
function joinRelation({ name, left, right }: JoinConfig, known: readonly Relation[]): Relation | null {
  const [leftSide, rightSide] = [left, right].map((side) => known.find((relation) => relation.name === side));
  if (leftSide === undefined || rightSide === undefined) return null;
  return {
    name,
    schema: joinResultSchema(name, leftSide.schema, rightSide.schema),
    key: 'key',
    eventTime: 'ts',
    partitions: Math.max(leftSide.partitions, rightSide.partitions),
    watermark: { kind: 'scripted' },
  };
}

/** Streams, derived streams and joins, in an order in which each comes after what it is of. */
export function relationsOf(
  streams: readonly Relation[],
  derived: readonly DerivedConfig[],
  operators: readonly OperatorConfig[],
  joins: readonly JoinConfig[],
): Relation[] {
  const relations = [...streams];
  for (const each of derived) {
    const relation = derivedRelation(each, streams);
    if (relation !== null) relations.push(relation);
  }
  for (const operator of operators) relations.push(...outputRelations(operator, streams));
  for (const join of joins) {
    const relation = joinRelation(join, relations);
    if (relation !== null) relations.push(relation);
  }
  return relations;
}

function keyOf({ schema }: Relation, key: string, at: readonly string[], report: Report): AvroField | undefined {
  const field = fieldAt(schema, key);
  if (field === undefined) report(at, unknownField(schema, key));
  else if (!isKey(field)) report(at, `${key} can't be a key: it is neither text nor a whole number`);
  return field;
}

function specOf(raw: RawJoin, { schema }: Relation): JoinSpec {
  const { type, grace: graceMs } = raw;
  if ('table' in raw) {
    const isOfJoin = joinOfRecord(`${schema.namespace}.${schema.name}`) !== null;
    return { kind: 'table', type: raw.type, graceMs, historyMs: raw.history, ...(isOfJoin ? { ofJoin: true } : {}) };
  }
  if ('within' in raw) return { kind: 'interval', type, withinMs: raw.within, graceMs };
  return { kind: 'window', type, sizeMs: raw.window.tumbling, offsetMs: raw.window.offset, graceMs };
}

function printJoin({ left, right, leftKey, rightKey, where, spec }: JoinConfig) {
  const common = {
    on: { left: leftKey, right: rightKey },
    type: spec.type,
    where,
    grace: formatDuration(spec.graceMs),
  };
  switch (spec.kind) {
    case 'table':
      return { left, table: right, ...common, history: formatDuration(spec.historyMs) };
    case 'interval':
      return { left, right, ...common, within: printWithin(spec.withinMs) };
    case 'window':
      return { left, right, ...common, window: printTumbling(spec) };
  }
}

function printWithin(withinMs: number | WithinMs): unknown {
  if (typeof withinMs === 'number') return formatDuration(withinMs);
  return { before: formatDuration(withinMs.before), after: formatDuration(withinMs.after) };
}
