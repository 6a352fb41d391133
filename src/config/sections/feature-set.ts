/**
 * All features of one stream: for each key a stage, that of the stream's own key last, since there the events are in the
 * partitions that their stream has them in.
 */
import {
  type AsOfReading,
  type ComputedFeature,
  type FeatureAggregate,
  type FeatureStage,
  type FeatureWindow,
  measuredOf,
} from '../../features/feature-spec.ts';
import { featureScope } from '../../features/vector-scope.ts';
import { eventFields, vectorSchema } from '../../features/vector-type.ts';
import type { Report } from '../../keys/names.ts';
import type { AvroRecord } from '../../messages/avro.ts';
import { columnProblem } from '../../projections/stream-tables.ts';
import { compileExpression } from '../../sql/compile.ts';
import { ExpressionError } from '../../sql/expression-error.ts';
import { typeText } from '../../sql/type.ts';
import { functionsIn, type UserFunction } from '../../sql/user-function.ts';
import { fieldAt } from '../../streams/field-type.ts';
import { keyFields } from '../../streams/group-key.ts';
import { PARTIAL } from '../../streams/partial-field.ts';
import type { Reading } from '../section.ts';
import { featureAggregate } from './feature-aggregates.ts';
import { asOfReading } from './feature-as-of.ts';
import { type FeatureKey, featureKeyOf, fieldKey, orderOf } from './feature-key.ts';
import { type Entries, type FeatureLabels, type KnownLabels, labelsOf } from './feature-labels.ts';
import { isKeptTogether, isOfStream, type Relation } from './relation.ts';
import type { RawFeature } from './written-feature.ts';

/** Features of one key, as the stage that computes them has them. */
export interface KeyedFeatures extends Omit<FeatureStage, 'input' | 'timeField' | 'labels' | 'order'> {
  readonly readsLabels: boolean;
  /** What is read of other streams, by their names in the file. */
  readonly asOf: readonly AsOfReading[];
}

/** A feature by its names: `features.<entry>.<name>` in rules, and one for vectors, models and exports. */
export interface NamedFeature {
  readonly entry: string;
  readonly name: string;
  readonly field: string;
}

export interface FeatureSet {
  /** The name of the stream of vectors. */
  readonly name: string;
  readonly stream: string;
  readonly order: string | null;
  readonly labels: FeatureLabels | null;
  /** Whether the stream itself keeps events of its own key in one partition. */
  readonly isKeptTogether: boolean;
  /** At least one stage; the last is keyed by the stream's own key. */
  readonly stages: readonly KeyedFeatures[];
  readonly features: readonly NamedFeature[];
  readonly written: Readonly<Record<string, RawFeature>>;
}

export function vectorStreamOf(stream: string): string {
  return `${stream}.features`;
}

/** The features of a stream; null when the stream does not exist, or has no events that features can be computed of. */
export function featureSetOf(
  stream: string,
  entries: Entries,
  functions: readonly UserFunction[],
  reading: Reading,
): FeatureSet | null {
  const { report } = reading;
  const [[firstName = ''] = []] = entries;
  const relation = reading.relation(stream, ['features', firstName, 'stream']);
  if (relation === null) return null;
  if (relation.view !== undefined || relation.key === null || !isOfStream(relation)) {
    report(
      ['features', firstName, 'stream'],
      `features are of events of a stream that is declared, which ${stream} is not`,
    );
    return null;
  }
  const labels = labelsOf(entries, relation, reading);
  const ownKey = fieldKey(relation.schema, relation.key);
  const features: NamedFeature[] = [];
  /** Other streams that values are read from. */
  const others: Relation[] = [];
  const stages = new Map<string, Stage>();
  for (const [name, raw] of entries) {
    const key =
      raw.aggregate === undefined && raw.asOf === undefined
        ? ownKey
        : featureKeyOf(name, raw, relation, functions, labels, report);
    if (key === null) continue;
    const text = keyFields(key).join('-');
    const stage = stages.get(text) ?? { key, windows: [], asOf: [], pending: [] };
    stages.set(text, stage);
    features.push(...takeAggregates(name, raw, stage, relation.schema, labels, functions, report));
    const found = asOfReading(name, raw, { relation, key, functions }, reading, (own) => fieldName(name, own));
    if (found === null) continue;
    stage.asOf.push(found.declared);
    others.push(found.other);
    features.push(
      ...Object.keys(raw.values ?? {}).map((own) => ({ entry: name, name: own, field: fieldName(name, own) })),
    );
  }
  const own = stages.get(relation.key) ?? { key: ownKey, windows: [], asOf: [], pending: [] };
  stages.delete(relation.key);
  for (const [name, { select = {} }] of entries) {
    for (const [feature, expression] of Object.entries(select)) {
      const field = fieldName(name, feature);
      features.push({ entry: name, name: feature, field });
      own.pending.push({ field, expression, at: ['features', name, 'select', feature] });
    }
  }
  checkFields(features, relation, report);
  const isBounded = [relation, ...(labels === null ? [] : labels.streams), ...others].some(isWaitedForAtMost);
  if (isBounded && fieldAt(relation.schema, PARTIAL) !== undefined) {
    report(['features', firstName], `vectors say whether they are partial in ${PARTIAL}, which ${stream} has already`);
  }
  const problem = columnProblem({
    ...relation.schema,
    fields: [...relation.schema.fields, ...features.map(({ field }) => ({ name: field, type: 'double' as const }))],
  });
  if (problem !== null) report(['features', firstName], problem);
  return {
    name: vectorStreamOf(stream),
    stream,
    order: orderOf(entries, relation, report),
    labels: labels === null ? null : labels.found,
    isKeptTogether: isKeptTogether(relation, relation.key),
    stages: stagesOf(stream, [...stages.values(), own], relation.schema, { functions, isBounded }, report),
    features: entries.flatMap(([name]) => features.filter(({ entry }) => entry === name)),
    written: Object.fromEntries(entries),
  };
}

interface Stage {
  readonly key: FeatureKey;
  readonly windows: FeatureWindow[];
  readonly asOf: AsOfReading[];
  readonly pending: { readonly field: string; readonly expression: string; readonly at: readonly string[] }[];
}

/** The stages. Each sees what those before it have added. */
function stagesOf(
  stream: string,
  stages: readonly Stage[],
  schema: AvroRecord,
  { functions, isBounded }: { readonly functions: readonly UserFunction[]; readonly isBounded: boolean },
  report: Report,
): KeyedFeatures[] {
  let event = schema;
  const isWithin = stages.length === 1 && !readsLabels(stages[0]?.windows ?? []) && stages[0]?.asOf.length === 0;
  const said = isBounded && !isWithin ? { saysPartial: true as const } : {};
  return stages.map(({ key, windows, asOf, pending }, i) => {
    const aggregates = windows.flatMap((window) => window.aggregates);
    const measured = measuredOf({ windows, asOf });
    const computed: ComputedFeature[] = [];
    for (const { field, expression, at } of pending) {
      const scope = featureScope({ ...event, fields: eventFields(event, said) }, measured, computed);
      const type = computedType(expression, scope, functions, at, report);
      if (type !== null) computed.push({ field, expression, type });
    }
    const texts = [
      ...computed.map(({ expression }) => expression),
      ...aggregates.flatMap(({ value, where }) => [value ?? '', where ?? '']),
      ...asOf.flatMap(({ values }) => values.map(({ value }) => value)),
    ];
    const stage = {
      key,
      windows,
      asOf,
      computed,
      ...(i < stages.length - 1 ? { isInner: true as const } : {}),
      ...said,
      ...functionsIn(texts, functions),
      readsLabels: readsLabels(windows),
    };
    event = vectorSchema(stream, event, { ...stage, input: '', timeField: '', order: null });
    return stage;
  });
}

function readsLabels(windows: readonly FeatureWindow[]): boolean {
  return windows.some(({ aggregates }) => aggregates.some(({ of }) => of === 'label'));
}

/** Whether others wait for it only for a bounded time. */
function isWaitedForAtMost({ watermark }: Relation): boolean {
  return watermark.kind === 'bounded' && watermark.maxWaitMs !== undefined;
}

/** The type of a computed feature; null, and a report, where it is not a number. */
function computedType(
  expression: string,
  scope: AvroRecord,
  functions: readonly UserFunction[],
  at: readonly string[],
  report: Report,
): 'long' | 'double' | null {
  try {
    const { type } = compileExpression(expression, scope, 'sql', functions);
    if (type.kind === 'double') return 'double';
    if (type.kind === 'bigint' || type.kind === 'boolean') return 'long';
    report(at, `a feature is a number, and this is ${typeText(type)}; CAST it to DOUBLE`);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    // Characters are counted in the rewritten text, where aggregates have names of their own.
    report(at, expression.includes('#') ? error.message : `at character ${error.position}: ${error.message}`);
  }
  return null;
}

function takeAggregates(
  entry: string,
  raw: RawFeature,
  { windows, pending }: Stage,
  event: AvroRecord,
  labels: KnownLabels | null,
  functions: readonly UserFunction[],
  report: Report,
): NamedFeature[] {
  const { aggregate = {}, where, delay: delayMs } = raw;
  const own = raw.labels === null || labels === null ? [] : labels.schemas;
  const sizes = raw.windows ?? { '': raw.window ?? 0 };
  return Object.entries(sizes).flatMap(([window, sizeMs]) => {
    const aggregates: FeatureAggregate[] = [];
    const named = Object.entries(aggregate).map(([name, text]): NamedFeature => {
      const feature = window === '' ? name : `${name}_${window}`;
      const field = fieldName(entry, feature);
      const at = ['features', entry, 'aggregate', name];
      const scope = { event, labels: own, where, functions };
      const written = featureAggregate(field, text, scope, (message, character) => report(at, message, character));
      aggregates.push(...(written?.aggregates ?? []));
      if (written?.expression != null) pending.push({ field, expression: written.expression, at });
      return { entry, name: feature, field };
    });
    windows.push({ sizeMs, delayMs, aggregates });
    return named;
  });
}

function fieldName(entry: string, feature: string): string {
  return `${entry}_${feature}`.replace(/\W/g, '_');
}

/** Two fields of a vector must differ in more than case, as columns of a table must. */
function checkFields(features: readonly NamedFeature[], { name, schema }: Relation, report: Report): void {
  const taken = new Map(schema.fields.map((field) => [field.name.toLowerCase(), `a field of ${name}`]));
  for (const { entry, name: own, field } of features) {
    const other = taken.get(field.toLowerCase());
    if (other !== undefined) report(['features', entry], `gives ${field}, which is the name of ${other} too`);
    taken.set(field.toLowerCase(), `the feature ${entry}.${own}`);
  }
}
