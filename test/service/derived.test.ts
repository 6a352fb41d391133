/** Derived streams through the whole pipeline: on any number of partitions, across a crash, and derived anew. */
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deleteStores, openReadModels } from '../../src/channel/offline.ts';
import { loadConfig } from '../../src/config/load.ts';
import { runScriptLines, temporaryDirectory, writePipeline } from './script-run.ts';

const DERIVED = `large: { stream: clicks, where: amount > 2, select: { who: userId, double: amount * 2, even: amount % 2 = 0 } }
  all: { stream: clicks, select: { amount: amount, share: amount / (amount - 3) } }`;
const LINES = Array.from({ length: 40 }, (_, i) => ({ userId: `u${i % 7}`, occurredAt: 1000 * i, amount: i % 5 }));

async function eventsOf(lines: readonly object[], partitions: number, data?: string) {
  const { output } = await runScriptLines({
    watermark: '{ outOfOrderness: 1s }',
    partitions,
    derived: DERIVED,
    lines,
    only: ['large', 'all'],
    ...(data === undefined ? {} : { data }),
  });
  return output.map((event) => JSON.stringify(event)).sort();
}

test('have an event for each that the condition takes, however many partitions, also when the process dies', async () => {
  const expected = [
    ...LINES.filter(({ amount }) => amount > 2).map(({ userId, occurredAt, amount }) => {
      return { stream: 'large', who: userId, double: amount * 2, even: amount % 2 === 0, ts: occurredAt };
    }),
    ...LINES.map(({ occurredAt, amount }) => ({ stream: 'all', amount, share: amount / (amount - 3), ts: occurredAt })),
  ];
  const sorted = expected.map((event) => JSON.stringify(event)).sort();
  expect(await eventsOf(LINES, 1)).toEqual(sorted);
  const restarted = [...LINES.slice(0, 17), { $snapshot: true }, LINES[17]!, { $restart: true }, ...LINES.slice(18)];
  expect(await eventsOf(restarted, 3)).toEqual(sorted);
});

test('derived anew are what the journal has, and have a digest of their own', async () => {
  const data = temporaryDirectory();
  await eventsOf(LINES, 2, data);
  const offline = await openReadModels(join(data, 'data'), () => deleteStores(join(data, 'data'), ['duckdb']));
  try {
    const logs = await offline.rederive();
    expect(logs.map(({ differences }) => differences)).toEqual(logs.map(() => 0));
    expect(logs.reduce((sum, { derivedEvents }) => sum + derivedEvents, 0)).toBeGreaterThanOrEqual(56);
    const digests = (await offline.digests()).map(({ name, rows }) => `${name} ${rows}`);
    expect(digests).toEqual(
      expect.arrayContaining([expect.stringMatching(/all 40$/), expect.stringMatching(/large 16$/)]),
    );
  } finally {
    await offline.close();
  }
});

const VIEW = `large: { stream: clicks, where: amount > 2, select: { who: userId, double: amount * 2, amount: amount } }`;
const window = (of: string, kind: string) => `{ ${of}, window: { ${kind} }, allowedLateness: 500ms`;
const WINDOWS = ['tumbling: 3s', 'hopping: { size: 4s, every: 1s }', 'sliding: 2s', 'session: 1s']
  .flatMap((kind, i) => [
    `own${i}: ${window('stream: large', kind)}, aggregate: { n: count(), sum: sum(double), last: max(ts) } }`,
    `direct${i}: ${window('stream: clicks, where: amount > 2', kind)}, aggregate: { n: count(), sum: sum(amount), last: max(occurredAt) } }`,
    `ownAll${i}: ${window('stream: large, key: null, where: double > 8', kind)}, aggregate: { n: count(), sum: sum(double) } }`,
    `directAll${i}: ${window('stream: clicks, key: null, where: amount > 4', kind)}, aggregate: { n: count(), sum: sum(amount) } }`,
  ])
  .join('\n  ');

const lines = fc
  .array(
    fc.record({
      isView: fc.boolean(),
      userId: fc.constantFrom('a', 'b', 'c'),
      gapMs: fc.integer({ min: -1500, max: 1500 }),
      amount: fc.nat(9),
    }),
    { minLength: 10, maxLength: 40 },
  )
  .map((drawn) => {
    let time = 10_000;
    return drawn.map(({ isView, userId, gapMs, amount }) => {
      time += gapMs + 200;
      return { ...(isView ? { $stream: 'views' } : {}), userId, occurredAt: time, amount };
    });
  });

const textOf = (results: readonly object[]): string[] => results.map((result) => JSON.stringify(result)).sort();

test('have the windows that their own stream has under the same condition', async () => {
  await fc.assert(
    fc.asyncProperty(lines, fc.constantFrom(1, 3), fc.nat(), async (script, partitions, cut) => {
      const clicks = script.filter((line) => !('$stream' in line));
      const at = clicks.length === 0 ? 0 : cut % clicks.length;
      const { output } = await runScriptLines({
        watermark: '{ outOfOrderness: 500ms }',
        partitions,
        windows: WINDOWS,
        derived: VIEW,
        lines: [...clicks.slice(0, at), { $snapshot: true }, { $restart: true }, ...clicks.slice(at)],
      });
      const resultsOf = (prefix: string, scale: number) =>
        textOf(
          output.flatMap(({ stream, event: _, sum, ...result }) => {
            const name = String(stream);
            if (!name.startsWith(prefix)) return [];
            return [{ ...result, name: name.slice(prefix.length), sum: Number(sum) * scale }];
          }),
        );
      for (const kind of ['', 'All']) {
        const own = resultsOf(`own${kind}`, 1);
        expect(own).toEqual(resultsOf(`direct${kind}`, 2));
      }
    }),
    { numRuns: 8 },
  );
}, 60_000);

test('that come too late for a window are in its late stream as they are derived', async () => {
  const { output } = await runScriptLines({
    watermark: '{ outOfOrderness: 0s }',
    windows: 'own: { stream: large, window: { tumbling: 1s }, aggregate: { n: count() } }',
    derived: VIEW,
    lines: [
      { userId: 'a', occurredAt: 9000, amount: 9 },
      { userId: 'a', occurredAt: 1000, amount: 8 },
      { userId: 'a', occurredAt: 1000, amount: 1 },
    ],
    only: ['own.late'],
  });
  expect(output.map(({ event }) => event)).toEqual([{ who: 'a', double: 16, amount: 8, ts: 1000 }]);
});

test('are sides of joins, with the pairs that their own stream has under the same condition', async () => {
  await fc.assert(
    fc.asyncProperty(lines, fc.constantFrom(1, 3), fc.nat(), async (script, partitions, cut) => {
      const at = cut % script.length;
      const { output } = await runScriptLines({
        watermark: '{ outOfOrderness: 3s }',
        partitions,
        streams: `  views: { schema: ./click.avsc, key: userId, eventTime: occurredAt, partitions: ${partitions}, watermark: { outOfOrderness: 3s } }\n`,
        derived: `${VIEW}
  small: { stream: views, where: amount < 7, select: { userId: userId, amount: amount } }`,
        joins: `own: { left: large, right: small, within: 2s }
  direct: { left: clicks, right: views, within: 2s }
  ownTable: { left: large, table: small, type: left, grace: 1s, history: 1h }
  wide: { left: own, table: small, on: { left: left.who, right: userId }, grace: 1s, history: 1h }`,
        windows:
          'perUser: { stream: wide, key: left.right.userId, window: { tumbling: 1h }, aggregate: { n: count() } }',
        lines: [...script.slice(0, at), { $snapshot: true }, { $restart: true }, ...script.slice(at)],
      });
      const of = (name: string) => output.filter(({ stream }) => stream === name);
      const direct = of('direct').flatMap(({ left, right, key, ts }) => {
        const [click, view] = [Object(left), Object(right)];
        if (!(click.amount > 2 && view.amount < 7)) return [];
        const large = { who: click.userId, double: click.amount * 2, amount: click.amount, ts: click.occurredAt };
        return [{ key, left: large, right: { userId: view.userId, amount: view.amount, ts: view.occurredAt }, ts }];
      });
      expect(textOf(of('own').map(({ key, left, right, ts }) => ({ key, left, right, ts })))).toEqual(textOf(direct));
      const clicks = script.filter((line) => !('$stream' in line) && line.amount > 2);
      expect(of('ownTable')).toHaveLength(clicks.length);
      expect(of('perUser').reduce((sum, { n }) => sum + Number(n), 0)).toBe(of('wide').length);
    }),
    { numRuns: 6 },
  );
}, 60_000);

test('name what does not fit in the file', () => {
  const directory = temporaryDirectory();
  const load = (derived: string) => () =>
    loadConfig(writePipeline(directory, { watermark: '{}', derived, lines: [] }), {});
  expect(load('d: { stream: nowhere, select: { a: amount } }')).toThrow(
    'derived.d.stream: there is no stream "nowhere"',
  );
  expect(load('d: { stream: clicks, select: { a: amout } }')).toThrow(
    'derived.d.select.a: at character 1: there is no field of Click "amout"; did you mean amount?',
  );
  expect(load('d: { stream: clicks, select: { a: userId + 1 } }')).toThrow('must be a number, and is VARCHAR');
  expect(load('d: { stream: clicks, select: { ts: amount } }')).toThrow('is a field of every event');
  expect(load('d: { stream: clicks, where: amount, select: { a: amount } }')).toThrow(
    'must be true or false, and is BIGINT',
  );
  expect(load('d: { stream: clicks, select: {} }')).toThrow('needs a field such as');
  expect(load('counts: { stream: clicks, select: { a: amount } }')).toThrow('the name is taken: ');
  const view = 'd: { stream: clicks, select: { amount: amount } }';
  const over = (more: object) => () =>
    loadConfig(writePipeline(directory, { watermark: '{}', derived: view, lines: [], ...more }), {});
  expect(over({ windows: 'w: { stream: d, window: { tumbling: 3s }, aggregate: { n: count() } }' })).toThrow(
    'windows.w.key: must be given, or null for one group: d does not select the key of its stream',
  );
  expect(
    over({ windows: 'w: { stream: d, key: null, window: { tumbling: 3s }, aggregate: { n: sum(userId) } }' }),
  ).toThrow('there is no field');
  expect(over({ joins: 'j: { left: clicks, right: d, within: 1s }' })).toThrow(
    'joins.j.on: must say by which fields events match: d does not select the key of its stream',
  );
  expect(load('d: { stream: clicks, select: { a: amout } }')).not.toThrow('windows');
});
