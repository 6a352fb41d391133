/** The joins of a file, against the schemas of their streams; and all that windows and joins may be of. */
import type { AvroField } from '../messages/avro.ts';
import { joinOfRecord, joinResultSchema } from '../messages/join-result.ts';
import { fieldAt, valueTypeOf } from '../streams/field-type.ts';
import type { JoinSpec } from '../streams/join-kind.ts';
import type { DerivedConfig, JoinConfig, Relation } from './config.ts';
import { derivedRelation } from './derived.ts';
import { isKey, type Report, unknownField, unknownName } from './names.ts';
import type { ConfigFile } from './schema.ts';
import { checkTumbling } from './windows.ts';

type RawJoin = ConfigFile['joins'][string];

/**
 * Of what is before it in the file: streams, and joins that stand above. Null when a side of it does not exist, which
 * makes everything else unknowable.
 */
export function joinOf(name: string, raw: RawJoin, known: readonly Relation[], report: Report): JoinConfig | null {
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
  return { name, left: left.name, right: right.name, leftKey, rightKey, spec: specOf(raw, right) };
}

/** What a join gives, as what stands below it in the file sees it. Its own partition says how far it has come. */
function joinRelation({ name, left, right }: JoinConfig, known: readonly Relation[]): Relation | null {
  const [leftSide, rightSide] = [left, right].map((side) => known.find((relation) => relation.name === side));
  if (leftSide === undefined || rightSide === undefined) return null;
  return {
    name,
    schema: joinResultSchema(name, leftSide.schema, rightSide.schema),
    key: 'key',
    eventTime: 'ts',
    partitions: 1,
    watermark: { kind: 'scripted' },
  };
}

/** The relation whose events are in logs: of a derived stream the one that it is derived from. */
export function readBy(relation: Relation): Relation {
  return relation.view?.of ?? relation;
}

/** Streams, derived streams and joins, in an order in which each comes after what it is of. */
export function relationsOf(
  streams: readonly Relation[],
  derived: readonly DerivedConfig[],
  joins: readonly JoinConfig[],
): Relation[] {
  const relations = [...streams];
  for (const each of derived) {
    const relation = derivedRelation(each, streams);
    if (relation !== null) relations.push(relation);
  }
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
