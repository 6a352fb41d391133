/** The joins of a file, against the schemas of what they are of. */
import { z } from 'zod';
import type { Report } from '../../keys/names.ts';
import { formatDuration } from '../../keys/units.ts';
import { duration, name } from '../../keys/value-schema.ts';
import { joinOfRecord, joinResultSchema } from '../../messages/join-result.ts';
import { functionsIn, type UserFunction } from '../../sql/user-function.ts';
import type { JoinSpec, TablesJoinSpec, WithinMs } from '../../streams/join-kind.ts';
import { checkCondition, condition } from '../expressions.ts';
import { entries, type Reading, section } from '../section.ts';
import { declaredJoin, type JoinConfig, joinRelation } from './declared-join.ts';
import { functionsSection } from './functions.ts';
import { joinKeyOf, keyOfParts, mismatch, printJoinKey } from './join-key.ts';
import { isOwnKey, type Relation, readBy } from './relation.ts';
import { checkTumbling, printTumbling, tumbling } from './tumbling.ts';

const grace = duration.prefault('0s');
const keyForm = z.union([z.string(), z.array(z.string()).min(1)]);
const on = z
  .union([z.string(), z.array(z.string()).min(1), z.strictObject({ left: keyForm, right: keyForm })])
  .optional()
  .describe(
    "By what events match, on both sides or on each: a field, SQL such as lower(email), or a list of these; by default the streams' keys.",
  );

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
  z.strictObject({
    leftTable: z.string().describe('A stream whose newest event of a key is the row; the joined rows have its key.'),
    rightTable: z.string(),
    on: z
      .string()
      .optional()
      .describe("The left table's field that refers to the right table's key; by default both have the same keys."),
    type: z.enum(['inner', 'left', 'outer']).default('inner'),
    where,
    grace: grace.describe('A time is given so long after the watermark has reached it: till then changes may come.'),
    history: duration.prefault('1d').describe('Rows that were replaced are kept so long, for changes that come late.'),
  }),
]);

type RawJoin = z.output<typeof join>;

const each = entries(joinOf);

export const joinsSection = section({
  key: 'joins',
  schema: z.record(name, join).default({}),
  streamNames: (raw) => Object.keys(raw),
  relations: {
    entryOf: (name, raw) => (Object.hasOwn(raw, name) ? name : null),
    names: (raw) => Object.keys(raw),
    of(name, reading) {
      const own = each.one(name, joinsSection.raw(reading), reading);
      if (own === null) return null;
      const [left, right] = [own.left, own.right].map((side) => reading.relation(side, ['joins', name]));
      return left == null || right == null ? null : joinRelation(own, left, right);
    },
  },
  operators: (joins: readonly JoinConfig[]) => joins.map(declaredJoin),
  derive: (raw, reading): readonly JoinConfig[] => each.all(raw, reading),
  print: (joins) => Object.fromEntries(joins.map((own) => [own.name, printJoin(own)])),
});

/** The join; null when one of its sides does not exist, which makes everything else unknowable. */
export function joinOf(name: string, raw: RawJoin, reading: Reading): JoinConfig | null {
  const { relation, report } = reading;
  const functions = functionsSection.of(reading);
  const at = ['joins', name];
  const [leftSide, leftName] = 'leftTable' in raw ? ['leftTable', raw.leftTable] : ['left', raw.left];
  const [rightSide, rightName] =
    'leftTable' in raw ? ['rightTable', raw.rightTable] : 'table' in raw ? ['table', raw.table] : ['right', raw.right];
  const left = relation(leftName, [...at, leftSide]);
  const right = relation(rightName, [...at, rightSide]);
  if (left === null || right === null) return null;
  if ('leftTable' in raw) return tablesJoinOf(name, raw, left, right, functions, report);
  const { on } = raw;
  const [leftOn, rightOn] = typeof on === 'object' && 'left' in on ? [on.left, on.right] : [on, on];
  const keyless =
    leftOn === undefined && left.key === null ? left : rightOn === undefined && right.key === null ? right : null;
  if (keyless !== null) {
    report(
      [...at, 'on'],
      `must say by which fields events match: ${keyless.name} does not select the key of its stream`,
    );
    return null;
  }
  const keyPath = (side: string): string[] => [...at, 'on', ...(leftOn === rightOn ? [] : [side])];
  const leftParts = joinKeyOf(left, leftOn ?? left.key ?? '', functions, keyPath('left'), report);
  const rightParts = joinKeyOf(right, rightOn ?? right.key ?? '', functions, keyPath('right'), report);
  if (leftParts === null || rightParts === null) return null;
  const wrong = mismatch(left, leftParts, right, rightParts);
  if (wrong !== null) report([...at, on === undefined ? rightSide : 'on'], wrong);
  const [leftKey, rightKey] = [keyOfParts(leftParts), keyOfParts(rightParts)];
  if ('table' in raw && !isOwnKey(right, rightKey)) {
    const known = right.key === null ? 'which it does not select' : right.key;
    report([...at, 'on'], `the rows of a table are told apart by the key of its stream, ${known}`);
  }
  if ('window' in raw) checkTumbling([...at, 'window'], raw.window, report);
  const { where } = raw;
  if (where !== null) checkWhere(name, where, left, right, functions, report);
  const own = { name, left: left.name, right: right.name, leftKey, rightKey, leftRef: null };
  const texts = [where ?? '', ...[...leftParts, ...rightParts].map(({ key }) => key.field)];
  return { ...own, where, ...functionsIn(texts, functions), spec: specOf(raw, right) };
}

type RawTablesJoin = Extract<RawJoin, { leftTable: string }>;

/** The rows of both tables are told apart by the keys of their streams. */
function tablesJoinOf(
  name: string,
  raw: RawTablesJoin,
  left: Relation,
  right: Relation,
  functions: readonly UserFunction[],
  report: Report,
): JoinConfig | null {
  const at = ['joins', name];
  const { type, where, grace: graceMs, history: historyMs } = raw;
  const keyless = left.key === null ? left : right.key === null ? right : null;
  if (left.key === null || right.key === null) {
    report(at, `${keyless?.name} is no table: it does not select the key of its stream`);
    return null;
  }
  const leftRef = raw.on === undefined || raw.on === left.key ? null : raw.on;
  const leftKey = joinKeyOf(left, left.key, functions, [...at, 'leftTable'], report);
  const ref = leftRef === null ? leftKey : joinKeyOf(left, leftRef, functions, [...at, 'on'], report);
  const rightKey = joinKeyOf(right, right.key, functions, [...at, 'rightTable'], report);
  if (leftKey === null || ref === null || rightKey === null) return null;
  const wrong = mismatch(left, ref, right, rightKey);
  if (wrong !== null) report([...at, leftRef === null ? 'rightTable' : 'on'], wrong);
  if (leftRef !== null && type === 'outer') {
    report(
      [...at, 'type'],
      'must be inner or left: joined rows have the key of a left row, which a right row alone has not',
    );
  }
  if (where !== null) checkWhere(name, where, left, right, functions, report);
  const byContent = SIDES.filter((side) => isOfStreamJoin(side === 'left' ? left : right));
  const spec: TablesJoinSpec = {
    kind: 'tables',
    type,
    graceMs,
    historyMs,
    ...(leftRef === null ? {} : { isForeign: true }),
    ...(byContent.length === 0 ? {} : { byContent }),
  };
  const keys = { leftKey: keyOfParts(leftKey), rightKey: keyOfParts(rightKey) };
  const own = { name, left: left.name, right: right.name, ...keys, leftRef: leftRef === null ? null : keyOfParts(ref) };
  return { ...own, where, ...functionsIn([where ?? ''], functions), spec };
}

const SIDES = ['left', 'right'] as const;

/** Whether it is a join of streams. Its results of one key and time come in no order of their own. */
function isOfStreamJoin(relation: Relation): boolean {
  const { schema, isTable } = readBy(relation);
  return isTable !== true && joinOfRecord(`${schema.namespace}.${schema.name}`) !== null;
}

function checkWhere(
  name: string,
  where: string,
  left: Relation,
  right: Relation,
  functions: readonly UserFunction[],
  report: Report,
): void {
  checkCondition(where, joinResultSchema(name, left.schema, right.schema), functions, (message, character) =>
    report(['joins', name, 'where'], message, character),
  );
}

function specOf(raw: Exclude<RawJoin, RawTablesJoin>, right: Relation): JoinSpec {
  const { type, grace: graceMs } = raw;
  if ('table' in raw) {
    const isOfJoin = isOfStreamJoin(right);
    return { kind: 'table', type: raw.type, graceMs, historyMs: raw.history, ...(isOfJoin ? { ofJoin: true } : {}) };
  }
  if ('within' in raw) return { kind: 'interval', type, withinMs: raw.within, graceMs };
  return { kind: 'window', type, sizeMs: raw.window.tumbling, offsetMs: raw.window.offset, graceMs };
}

function printJoin({ left, right, leftKey, rightKey, leftRef, where, spec }: JoinConfig) {
  const common = {
    on: { left: printJoinKey(leftKey), right: printJoinKey(rightKey) },
    type: spec.type,
    where,
    grace: formatDuration(spec.graceMs),
  };
  switch (spec.kind) {
    case 'tables': {
      const own = { leftTable: left, rightTable: right, ...common, history: formatDuration(spec.historyMs) };
      return { ...own, on: printJoinKey(leftRef ?? leftKey) };
    }
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
