/** Derived streams through the whole pipeline: on any number of partitions, across a crash, and derived anew. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { deleteStores, openReadModels } from '../../src/service/offline.ts';
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
  expect(load('d: { stream: clicks, select: { a: userId + 1 } }')).toThrow('must be a number, and is text');
  expect(load('d: { stream: clicks, select: { ts: amount } }')).toThrow('is a field of every event');
  expect(load('d: { stream: clicks, where: amount, select: { a: amount } }')).toThrow('must be a condition');
  expect(load('d: { stream: clicks, select: {} }')).toThrow('needs a field such as');
  expect(load('counts: { stream: clicks, select: { a: amount } }')).toThrow('is too like the name counts');
});
