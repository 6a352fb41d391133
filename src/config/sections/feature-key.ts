/** By what features are grouped, and what orders events of one key and time. */
import type { FeatureStage } from '../../features/feature-spec.ts';
import { type Report, unknownField } from '../../keys/names.ts';
import type { AvroRecord } from '../../messages/avro.ts';
import type { UserFunction } from '../../sql/user-function.ts';
import { computedPart, keyTextOf } from '../../streams/field-key.ts';
import { fieldAt, isWholeNumber } from '../../streams/field-type.ts';
import { isOfSeveral } from '../../streams/group-key.ts';
import type { Entries, KnownLabels } from './feature-labels.ts';
import type { Relation } from './relation.ts';
import { groupKeyOf } from './window-key.ts';
import type { RawFeature } from './written-feature.ts';

export type FeatureKey = NonNullable<FeatureStage['key']>;

/** The key that a field is. A key by the field's text is computed where the field is read. */
export function fieldKey(schema: AvroRecord, field: string): FeatureKey {
  const computed = computedPart(schema, field);
  return computed === null ? field : [computed];
}

export function featureKeyOf(
  name: string,
  { key: raw }: RawFeature,
  relation: Relation,
  functions: readonly UserFunction[],
  labels: KnownLabels | null,
  report: Report,
): FeatureKey | null {
  const at = ['features', name, 'key'];
  if (raw === null) {
    report(at, 'features are by key; name a field');
    return null;
  }
  const group = groupKeyOf(at, raw, relation, functions, report);
  if (group === null) return null;
  const { schema } = relation;
  /** A field that is grouped by its text is still that field. */
  const names = new Map(schema.fields.map((field) => [keyTextOf(schema, field.name), field.name]));
  const fields = (isOfSeveral(group) ? group.map(({ field }) => field) : [group]).map(
    (text) => names.get(text) ?? text,
  );
  const computed = fields.find((field) => fieldAt(schema, field) === undefined);
  const key = isOfSeveral(group)
    ? group.map((part, i) => (part.field === fields[i] ? part : { ...part, isComputed: true as const }))
    : fieldKey(schema, fields[0] ?? '');
  if (computed !== undefined) report(at, `a key of features is a field, or a list of fields, which ${computed} is not`);
  for (const own of labels?.schemas ?? []) {
    const lacking = fields.find((field) => fieldAt(own, field) === undefined);
    if (lacking !== undefined) report(at, `labels have no ${lacking} by which they would find their events`);
  }
  return key;
}

/**
 * The field that orders events of one time: the one that the entries say, or else the first field, where that is a
 * whole number.
 */
export function orderOf(entries: Entries, { schema, name }: Relation, report: Report): string | null {
  const said = entries.filter(([, { order }]) => order !== null);
  const [[first = '', raw] = []] = said;
  const order = raw?.order ?? null;
  for (const [other, { order: own }] of said) {
    if (own !== order)
      report(['features', other, 'order'], `is ${order} already, as features.${first} says of ${name}`);
  }
  if (order === null) {
    const field = schema.fields[0];
    return field !== undefined && isWholeNumber(field) && typeof field.type === 'string' ? field.name : null;
  }
  const field = fieldAt(schema, order);
  if (field === undefined) report(['features', first, 'order'], unknownField(schema, order));
  else if (!isWholeNumber(field)) report(['features', first, 'order'], `${order} is no whole number`);
  return order;
}
