/** Features of streams: aggregates over windows of a key, and what is computed of an event and of these. */
import { z } from 'zod';
import { formatDuration } from '../../keys/units.ts';
import { name } from '../../keys/value-schema.ts';
import { LATE } from '../../messages/stream-events.ts';
import { type Reading, section } from '../section.ts';
import { declaredStages, featureRelation } from './feature-relations.ts';
import { type FeatureSet, featureSetOf, vectorStreamOf } from './feature-set.ts';
import { functionsSection } from './functions.ts';
import type { Relation } from './relation.ts';
import { feature, type RawFeature } from './written-feature.ts';

export const featuresSection = section({
  key: 'features',
  schema: z.record(name, feature).default({}),
  streamNames: (raw) => [...new Set(Object.values(raw).map(({ stream }) => vectorStreamOf(stream)))],
  relations: {
    entryOf: (name, raw) => Object.entries(raw).find(([, { stream }]) => vectorStreamOf(stream) === name)?.[0] ?? null,
    names: (raw) => [...new Set(Object.values(raw).map(({ stream }) => vectorStreamOf(stream)))],
    of(name, reading): Relation | null {
      const set = featuresSection.of(reading).find((each) => each.name === name);
      const of = set === undefined ? null : reading.relation(set.stream, ['features']);
      return set === undefined || of === null ? null : featureRelation(set, of);
    },
  },
  outputs: (sets: readonly FeatureSet[]) => sets.flatMap(({ name }) => [name, `${name}${LATE}`]),
  operators: (sets: readonly FeatureSet[]) => sets.flatMap(declaredStages),
  derive: (raw, reading): readonly FeatureSet[] => setsOf(raw, reading),
  print: (sets: readonly FeatureSet[]) =>
    Object.fromEntries(
      sets.flatMap(({ written }) => Object.entries(written).map(([own, each]) => [own, printFeature(each)])),
    ),
});

function setsOf(raw: Readonly<Record<string, RawFeature>>, reading: Reading): FeatureSet[] {
  const functions = functionsSection.of(reading);
  const byStream = new Map<string, [string, RawFeature][]>();
  for (const [own, written] of Object.entries(raw)) {
    checkFeature(own, written, reading);
    byStream.set(written.stream, [...(byStream.get(written.stream) ?? []), [own, written]]);
  }
  return [...byStream].flatMap(([stream, entries]) => featureSetOf(stream, entries, functions, reading) ?? []);
}

function checkFeature(own: string, raw: RawFeature, { report }: Reading): void {
  const at = ['features', own];
  const { aggregate, select, window, windows, asOf, values } = raw;
  if (aggregate === undefined && select === undefined && asOf === undefined) {
    report(
      at,
      'needs features: `aggregate: { n: count() }` over a window, `select: { is_large: amount > 100 }`, or `asOf: limits` with `values: { limit: limitCents }`',
    );
  }
  if (asOf !== undefined && values === undefined)
    report([...at, 'asOf'], 'needs `values`, such as `values: { limit: limitCents }`');
  if (values !== undefined && asOf === undefined)
    report([...at, 'values'], 'are of the stream that `asOf` names, which is not there');
  if (asOf !== undefined) {
    for (const key of ['aggregate', 'window', 'windows', 'labels', 'where'] as const) {
      if (raw[key] != null) report([...at, key], 'stands beside `asOf`: write an entry of its own for it');
    }
    if (raw.delay > 0) report([...at, 'delay'], 'stands beside `asOf`: write an entry of its own for it');
  }
  if (aggregate === undefined) {
    for (const key of ['window', 'windows'] as const) {
      if (raw[key] !== undefined) report([...at, key], 'is for `aggregate`, which is not there');
    }
    return;
  }
  if (window === undefined && windows === undefined) report(at, 'needs a `window`, such as 7d');
  if (window !== undefined && windows !== undefined)
    report([...at, 'windows'], 'stands beside `window`: write one of them');
  if (window !== undefined && window <= 0) report([...at, 'window'], 'must be longer than 0');
  for (const [each, size] of Object.entries(windows ?? {})) {
    if (size <= 0) report([...at, 'windows', each], 'must be longer than 0');
  }
}

function printFeature(raw: RawFeature) {
  const { window, windows, delay, asOf, ...rest } = raw;
  return {
    ...rest,
    ...(asOf === undefined ? {} : { asOf: printAsOf(asOf) }),
    ...(window === undefined ? {} : { window: formatDuration(window) }),
    ...(windows === undefined
      ? {}
      : { windows: Object.fromEntries(Object.entries(windows).map(([each, size]) => [each, formatDuration(size)])) }),
    delay: formatDuration(delay),
  };
}

function printAsOf(asOf: NonNullable<RawFeature['asOf']>) {
  if (typeof asOf === 'string' || asOf.maxAge === undefined) return asOf;
  return { ...asOf, maxAge: formatDuration(asOf.maxAge) };
}
