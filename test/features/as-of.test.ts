/** Values of another stream as of an event's time: DuckDB's ASOF JOIN says what they are. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { featureKind } from '../../src/features/feature-operator.ts';
import type { FeatureStage } from '../../src/features/feature-spec.ts';
import { vectorSchema } from '../../src/features/vector-type.ts';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { createRandom } from '../../src/models/random.ts';
import { testPipeline } from '../../src/testing.ts';
import { temporaryDirectory } from '../service/script-run.ts';
import { duckdbRows } from '../sql/duckdb.ts';

const time = { type: 'long', logicalType: 'timestamp-millis' } as const;
const schema = (name: string, fields: Readonly<Record<string, unknown>>) =>
  JSON.stringify({ type: 'record', name, fields: Object.entries(fields).map(([own, type]) => ({ name: own, type })) });
const SPENT = schema('Spent', { id: 'long', card: 'long', cents: 'long', at: time });
const LIMITED = schema('Limited', { change: 'long', holder: 'long', cents: ['null', 'long'], since: time });
const BOUND_MS = 40;
const MAX_AGE_MS = 300;

function pipelineFile(partitions: number, more = ''): string {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'spent.avsc'), SPENT);
  writeFileSync(join(directory, 'limited.avsc'), LIMITED);
  const file = join(directory, 'p.yaml');
  writeFileSync(file, `${pipeline(partitions)}${more}stores: { sqlite: false, duckdb: false }\n`);
  return file;
}
const pipeline = (partitions: number) => `streams:
  spent: { schema: ./spent.avsc, key: card, eventTime: at, partitions: ${partitions}, watermark: { outOfOrderness: ${BOUND_MS}ms } }
  limits: { schema: ./limited.avsc, key: change, eventTime: since, partitions: ${partitions}, watermark: { outOfOrderness: ${BOUND_MS}ms } }
features:
  card: { stream: spent, key: card, window: 1s, aggregate: { n: count() } }
  limit:
    stream: spent
    key: card
    asOf: { stream: limits, on: holder }
    values: { cents: cents, doubled: cents * 2, since: since }
  fresh: { stream: spent, key: card, asOf: { stream: limits, on: holder, maxAge: ${MAX_AGE_MS}ms }, values: { cents: cents } }
  both: { stream: spent, select: { over: cents - limit_cents } }
`;

/** By time; a change of a holder has a time of its own. */
function drawn(seed: number) {
  const random = createRandom();
  random.seed(seed, 2, 3);
  const changes = [0, 1, 2, 3].flatMap((holder) => {
    const times = new Set(Array.from({ length: 12 }, () => random.below(2000)));
    return [...times].map((since) => ({ holder, since, cents: random.below(5) === 0 ? null : random.below(1000) }));
  });
  const limits = changes.map((each, change) => ({ change, ...each }));
  const spent = Array.from({ length: 150 }, (_, id) => {
    return { id, card: random.below(5), cents: random.below(1000), at: random.below(2200) };
  });
  /** In an order that the bound allows. */
  const arrival = [
    ...limits.map((event) => ({ stream: 'limits', event, atMs: event.since + random.below(BOUND_MS) })),
    ...spent.map((event) => ({ stream: 'spent', event, atMs: event.at + random.below(BOUND_MS) })),
  ].sort((a, b) => a.atMs - b.atMs);
  return { limits, spent, arrival };
}

async function vectorsBy(partitions: number, { arrival }: ReturnType<typeof drawn>, restartAt: number) {
  const running = await testPipeline({ config: pipelineFile(partitions) });
  try {
    for (const [i, part] of [arrival.slice(0, restartAt), arrival.slice(restartAt)].entries()) {
      if (i > 0) await running.restart();
      // Neighbours of one stream go in together.
      let from = 0;
      while (from < part.length) {
        const { stream } = part[from]!;
        const end = part.findIndex((each, at) => at > from && each.stream !== stream);
        const to = end < 0 ? part.length : end;
        await running.pipe(stream, ...part.slice(from, to).map(({ event }) => event));
        from = to;
      }
    }
    await running.endOfInput();
    return running
      .readAll('spent.features')
      .map(({ id, limit_cents, limit_doubled, limit_since, fresh_cents, both_over }) => [
        ...[id, limit_cents, limit_doubled, limit_since, fresh_cents, both_over],
      ])
      .sort(([a], [b]) => Number(a) - Number(b));
  } finally {
    await running.close();
  }
}

const values = (rows: readonly (readonly (number | null)[])[]): string =>
  rows.map((row) => `(${row.map((cell) => cell ?? 'NULL')})`).join();

test('they are what DuckDB joins, on 1 and on 4 partitions, in any order within the bound, and across a restart', async () => {
  const all = drawn(5);
  const expected = await duckdbRows(`
    WITH s AS (SELECT * FROM (VALUES ${values(all.spent.map((e) => [e.id, e.card, e.cents, e.at]))}) t(id, card, cents, "at")),
    l AS (SELECT * FROM (VALUES ${values(all.limits.map((e) => [e.change, e.holder, e.cents, e.since]))}) t(change, holder, cents, since))
    SELECT s.id, l.cents, l.cents * 2, l.since, CASE WHEN s."at" - l.since <= ${MAX_AGE_MS} THEN l.cents END, s.cents - l.cents
    FROM s ASOF LEFT JOIN l ON s.card = l.holder AND s."at" >= l.since ORDER BY s.id`);
  const known = expected.filter(([, cents]) => cents !== null).length;
  expect([expected.length, known > 60, known < 150]).toEqual([150, true, true]);
  const numbers = expected.map((row) => row.map((cell) => (cell === null ? null : Number(cell))));
  expect(await vectorsBy(1, all, 70)).toEqual(numbers);
  expect(await vectorsBy(4, all, 120)).toEqual(numbers);
});

const spentSchema: AvroRecord = JSON.parse(SPENT);
const limitedSchema: AvroRecord = JSON.parse(LIMITED);
const stage: FeatureStage = {
  ...{ input: 'spent', timeField: 'at', key: 'card', order: 'id', windows: [], computed: [] },
  asOf: [
    { input: 'limits', key: 'holder', order: 'change', maxAgeMs: null, values: [{ field: 'limit', value: 'cents' }] },
  ],
};

/** One partition of the stage, driven by hand. */
function openStage() {
  const inputs = [
    { stream: 'spent', schema: spentSchema },
    { stream: 'limits', schema: limitedSchema },
  ];
  const operator = featureKind
    .prepare(featureKind.of('spent.features', stage), { inputs, outputs: [] })
    .open({ push: () => {} }, 0);
  const vector = dynamicEventType(vectorSchema('spent.features', spentSchema, stage));
  let watermarkMs = Number.NEGATIVE_INFINITY;
  const add = (stream: string, own: AvroRecord, event: Record<string, unknown>, timeMs: number) => {
    const type = dynamicEventType(own);
    const columns = type.columns(type.encodeBlock([event]));
    operator.begin({ stream, columns, timesMs: Float64Array.of(timeMs), watermarkMs, at: null });
    operator.add(0);
  };
  let id = 0;
  return {
    spend: (at: number, card = 1) => add('spent', spentSchema, { id: ++id, card, cents: 1, at }, at),
    limit: (change: number, since: number, cents: number) =>
      add('limits', limitedSchema, { change, holder: 1, cents, since }, since),
    gone: (occurredAt: number) => operator.remove({ stream: 'limits', key: 1, occurredAt }),
    reach(timeMs: number) {
      watermarkMs = timeMs;
      operator.advance(timeMs);
      const block = operator.outputs[0]?.events.take() ?? null;
      return block === null ? [] : vector.decodeBlock(block.bytes).map(({ limit }) => limit);
    },
  };
}

test('of two at one time the one of the larger number holds, however they came, and it holds at its own time already', () => {
  for (const changes of [
    [1, 2],
    [2, 1],
  ]) {
    const { spend, limit, reach } = openStage();
    spend(9);
    for (const change of changes) limit(change, 10, change * 100);
    spend(10);
    spend(10, 2);
    expect(reach(20)).toEqual([null, 200, null]);
  }
});

test('a late event sees no later value, and a late value does not take the place of a newer one', () => {
  const { spend, limit, reach } = openStage();
  limit(1, 10, 100);
  limit(2, 20, 200);
  spend(25);
  expect(reach(30)).toEqual([200]);
  spend(15);
  limit(3, 12, 300);
  spend(31);
  expect(reach(40)).toEqual([null, 200]);
});

test('a deletion of the other stream ends the value', () => {
  const { spend, limit, gone, reach } = openStage();
  limit(1, 10, 100);
  gone(15);
  spend(14);
  spend(15);
  limit(2, 16, 300);
  spend(17);
  expect(reach(20)).toEqual([100, null, 300]);
});

test('what can not be read as of is refused at its place, with what to write', () => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'spent.avsc'), SPENT);
  writeFileSync(
    join(directory, 'limited.avsc'),
    schema('Limited', { change: 'long', holder: 'long', note: 'string', since: time }),
  );
  const file = join(directory, 'p.yaml');
  const refused = (entry: string) => {
    writeFileSync(
      file,
      `streams:
  spent: { schema: ./spent.avsc, key: card, eventTime: at }
  limits: { schema: ./limited.avsc, key: holder, eventTime: since }
features: { f: { stream: spent, key: card, ${entry} } }
`,
    );
    try {
      loadConfig(file, {});
    } catch (error) {
      return error instanceof Error ? error.message : '';
    }
    return 'taken';
  };
  const at = 'asOf: { stream: limits, on: holder }';
  expect(refused(`${at}, values: { change: change }`)).toBe('taken');
  expect(refused(at)).toContain('features.f.asOf: needs `values`');
  expect(refused('values: { a: change }')).toContain('features.f.values: are of the stream that `asOf` names');
  expect(refused('asOf: limits, values: { a: change }')).toContain(
    'limits has no card: say which field it is there: `asOf: { stream: limits, on: … }`',
  );
  expect(refused('asOf: { stream: limits, on: note }, values: { a: change }')).toContain(
    'must be as card of spent, which note of limits is not',
  );
  expect(refused(`${at}, values: { a: note }`)).toContain('a feature is a number, and this is VARCHAR');
  expect(refused(`${at}, values: { a: chang }`)).toContain('features.f.values.a');
  expect(refused('asOf: spent, values: { a: cents }')).toContain('use last() or lag() over a window');
  expect(refused(`${at}, values: { a: change }, window: 7d`)).toContain('stands beside `asOf`');
  expect(refused('asOf: { stream: limit, on: holder }, values: { a: change }')).toContain('did you mean limits?');
});
