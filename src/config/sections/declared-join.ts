/** A join as an operator of the pipeline: partitions of its own, to which an exchange brings both sides by their keys. */
import { joinResultSchema } from '../../messages/join-result.ts';
import type { UserFunction } from '../../sql/user-function.ts';
import type { JoinSpec } from '../../streams/join-kind.ts';
import { isArrayKey, type JoinKey, type JoinSideSpec, joinKind } from '../../streams/join-operator.ts';
import type { DeclaredOperator } from '../declared-operator.ts';
import { type Relation, viewOf } from './relation.ts';

export interface JoinConfig {
  readonly name: string;
  /** The name of the left side: a stream, or whatever else has events. */
  readonly left: string;
  /** The name of the right side: the other stream, or the table. */
  readonly right: string;
  /** The fields by whose values events match; `record.field` of a nested record. */
  readonly leftKey: JoinKey;
  readonly rightKey: JoinKey;
  /** In a join of two tables, the left field that refers to the right table's key; null where both have one key. */
  readonly leftRef: JoinKey | null;
  /** The condition on results as it is written; null for all of them. */
  readonly where: string | null;
  /** Functions of users that its expressions name; absent for none. */
  readonly functions?: readonly UserFunction[];
  readonly spec: JoinSpec;
}

/** What a join gives, as others read it. The join's own partitions say how far it has come. */
export function joinRelation({ name, leftKey, spec }: JoinConfig, left: Relation, right: Relation): Relation {
  return {
    name,
    schema: joinResultSchema(name, left.schema, right.schema, isArrayKey(leftKey)),
    key: 'key',
    eventTime: 'ts',
    partitions: Math.max(left.partitions, right.partitions),
    watermark: { kind: 'scripted' },
    log: name,
    ...(spec.kind === 'tables' ? { isTable: true as const } : {}),
  };
}

export function declaredJoin(join: JoinConfig): DeclaredOperator {
  const { name, leftKey, rightKey, leftRef, where, functions, spec } = join;
  // Every partition has the rows that left rows refer to, since a row may come to refer to any other.
  const broughtBy = leftRef === null ? rightKey : null;
  return {
    name,
    kind: joinKind.kind,
    reads: [
      { stream: join.left, key: leftKey },
      { stream: join.right, key: broughtBy },
    ],
    gives: [name],
    place([left, right = left], known) {
      const partitions = known.partitionsOf(name) ?? joinRelation(join, left, right).partitions;
      const brings = [
        { relation: left, key: leftKey, functions },
        { relation: right, key: broughtBy, functions },
      ];
      return { log: name, partitions, brings, saysHowFar: true };
    },
    relations: ([left, right = left], { partitions }) => [{ ...joinRelation(join, left, right), partitions }],
    spec({ inputs: [left, right = left], names: [leftName = '', rightName = ''] }) {
      const isTable = { left: spec.kind === 'tables', right: spec.kind === 'tables' || spec.kind === 'table' };
      const sides = {
        left: { ...sideOf(leftName, left, leftKey, isTable.left), ...(leftRef === null ? {} : { ref: leftRef }) },
        right: sideOf(rightName, right, rightKey, isTable.right),
      };
      const used = functions === undefined ? {} : { functions };
      return joinKind.of(name, { join: spec, ...(where === null ? {} : { where }), ...used, ...sides });
    },
  };
}

function sideOf(stream: string, relation: Relation, key: JoinKey, isTable: boolean): JoinSideSpec {
  const of = viewOf(relation);
  const deletes = isTable && relation.isTable === true;
  return { stream, key, ...(deletes ? { deletes } : {}), ...(of === undefined ? {} : { of }) };
}
