/** Operators of users through the whole pipeline: on any number of partitions and threads, across a crash, derived anew. */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { deleteStores, openReadModels } from '../../src/channel/offline.ts';
import { createOperatorRun } from '../../src/operators/test-operator.ts';
import { runScriptLines, type ScriptRun, temporaryDirectory } from './script-run.ts';

const module = (name: string): string => fileURLToPath(new URL(`../fixtures/operators/${name}.js`, import.meta.url));
const AMOUNTS = [3, 3, 7, 2, 2, 2, 9, 9, 1, 7, 3, 3, 3];
const LIMIT = {
  type: 'record',
  name: 'Limit',
  fields: [
    { name: 'name', type: 'string' },
    { name: 'limit', type: 'long' },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
  ],
};
const LINES = Array.from({ length: 120 }, (_, i) => {
  return { userId: `u${i % 7}`, occurredAt: 1000 * i, amount: AMOUNTS[Math.floor(i / 7) % AMOUNTS.length] };
});
const ONLY = ['own.runs', 'own.quiet'];
const OWN = `own: { module: ${module('alone')}, input: { clicks: userId }, onError: deadLetter }`;
const BASE = { watermark: '{ outOfOrderness: 1s }', operators: OWN, only: ONLY, lines: LINES };

const run = async (options: Partial<ScriptRun>) => (await runScriptLines({ ...BASE, ...options })).output;
const sorted = (events: readonly object[]): string[] => events.map((event) => JSON.stringify(event)).sort();

/** The operator by itself, event by event. */
function expected(): string[] {
  const alone: unknown = createRequire(import.meta.url)('../fixtures/operators/alone.js').default;
  const own = createOperatorRun(alone, {
    name: 'own',
    input: { clicks: 'userId' },
    eventTime: { clicks: 'occurredAt' },
  });
  for (const line of LINES) {
    own.send('clicks', [line]);
    own.watermark(line.occurredAt - 1001);
  }
  own.endOfInput();
  return sorted(
    ['runs', 'quiet'].flatMap((name) => own.output(name).map((event) => ({ stream: `own.${name}`, ...event }))),
  );
}

describe('an operator of a user', () => {
  test('gives what it gives by itself, on any number of partitions and threads, also when the process dies', async () => {
    const results = expected();
    expect(results.length).toBeGreaterThan(40);
    expect(sorted(await run({}))).toEqual(results);
    const restarted = [...LINES.slice(0, 57), { $snapshot: true }, LINES[57]!, { $restart: true }, ...LINES.slice(58)];
    expect(sorted(await run({ lines: restarted, partitions: 3 }))).toEqual(results);
    expect(sorted(await run({ partitions: 2, threads: 1 }))).toEqual(results);
  });

  test('keyed by another field than its stream is the same on any number of partitions', async () => {
    const operators = `own: { module: ${module('alone')}, input: { clicks: amount }, onError: deadLetter }`;
    const one = sorted(await run({ operators }));
    expect(one.length).toBeGreaterThan(5);
    expect(sorted(await run({ operators, partitions: 4 }))).toEqual(one);
  });

  test('sees a broadcast stream in every partition, and is the same on any number of them', async () => {
    const operators = `own: { module: ${module('runs')}, input: { clicks: userId, limits: null } }`;
    const data = temporaryDirectory();
    writeFileSync(join(data, 'limit.avsc'), JSON.stringify(LIMIT));
    const streams = `  limits: { schema: ${join(data, 'limit.avsc')}, key: name, eventTime: at }\n`;
    const lines = LINES.flatMap((line, i) =>
      i % 40 === 5 ? [{ $stream: 'limits', name: 'x', limit: i, at: line.occurredAt }, line] : [line],
    );
    const one = await run({ operators, streams, lines });
    expect(new Set(one.map(({ limit }) => limit))).toEqual(new Set([undefined, 5, 45, 85]));
    expect(sorted(await run({ operators, streams, lines, partitions: 3 }))).toEqual(sorted(one));
  });

  test('gives streams that windows are of, the same on any number of partitions and across a crash', async () => {
    const windows = [
      'by_key: { stream: own.runs, window: { tumbling: 20s }, aggregate: { n: count() } }',
      'by_length: { stream: own.runs, key: length, window: { tumbling: 20s }, aggregate: { n: count() } }',
      'all: { stream: own.runs, key: null, window: { tumbling: 20s }, aggregate: { n: count() } }',
    ].join('\n  ');
    const only = ['own.runs', 'by_key', 'by_length', 'all', 'by_key.late', 'all.late'];
    const output = await run({ windows, only });
    const runs = output.filter(({ stream }) => stream === 'own.runs');
    const counted = (keyOf: (event: Record<string, unknown>) => unknown): string[] => {
      const counts = new Map<string, number>();
      for (const event of runs) {
        const id = JSON.stringify([keyOf(event), Math.floor(Number(event.ts) / 20_000) * 20_000]);
        counts.set(id, (counts.get(id) ?? 0) + 1);
      }
      return [...counts].map(([id, n]) => `${id} ${n}`).sort();
    };
    const given = (name: string): string[] =>
      output
        .filter(({ stream }) => stream === name)
        .map(({ key, start, n }) => `${JSON.stringify([key, start])} ${n}`)
        .sort();
    expect(given('by_key')).toEqual(counted(({ key }) => key));
    expect(given('by_length')).toEqual(counted(({ length }) => String(length)));
    expect(given('all')).toEqual(counted(() => null));
    const whole = sorted(output.map(({ at: _, ...event }) => event));
    const restarted = [...LINES.slice(0, 57), { $snapshot: true }, LINES[57]!, { $restart: true }, ...LINES.slice(58)];
    for (const options of [{ partitions: 3 }, { partitions: 2, lines: restarted }, { partitions: 3, threads: 2 }]) {
      const other = await run({ windows, only, ...options });
      expect(sorted(other.map(({ at: _, ...event }) => event))).toEqual(whole);
    }
  });

  test.each([
    ['other logs than', 'amount'],
    ['the same logs as', 'userId'],
  ] as const)('gives streams that can be joined, also where these are in %s the other side', async (_, key) => {
    const joins = `both: { left: clicks, right: own.quiet, on: { left: ${key}, right: key }, within: 20s }`;
    const operators = `own: { module: ${module('alone')}, input: { clicks: ${key} }, onError: deadLetter }`;
    const output = await run({ operators, joins, partitions: 3, only: ['own.quiet', 'both'] });
    const near = (right: Record<string, unknown>, line: (typeof LINES)[number]): boolean =>
      right.key === line[key] && Math.abs(Number(right.ts) - line.occurredAt) <= 20_000;
    const quiet = output.filter(({ stream }) => stream === 'own.quiet');
    const pairs = quiet.flatMap((right) => LINES.filter((line) => near(right, line)));
    expect(pairs.length).toBeGreaterThan(5);
    expect(output.filter(({ stream }) => stream === 'both')).toHaveLength(pairs.length);
  });

  test('that fails on an event has a dead letter of it, and goes on', async () => {
    const bad = { userId: 'u1', occurredAt: 60_500, amount: 14 };
    const clock = { userId: 'u2', occurredAt: 60_501, amount: 13 };
    const lines = [...LINES.slice(0, 61), bad, clock, ...LINES.slice(61)];
    const output = await run({ lines, only: [...ONLY, 'clicks.dead-letters'] });
    const letters = output.filter(({ stream }) => stream === 'clicks.dead-letters');
    expect(letters.map(({ raw }) => JSON.parse(String(raw)))).toEqual([bad, clock]);
    expect(letters.map(({ reason }) => reason)).toEqual(['operator-failed', 'operator-failed']);
    expect(letters[0]?.detail).toContain('14 is refused');
    expect(letters[1]?.detail).toContain('Date.now() was called in the operator own');
    expect(letters[1]?.detail).toContain('use ctx.time');
    expect(sorted(output.filter(({ stream }) => stream !== 'clicks.dead-letters'))).toEqual(expected());
  });

  test('that may not fail sets the event aside for all, and names itself', async () => {
    const operators = `own: { module: ${module('alone')}, input: { clicks: userId } }`;
    const bad = { userId: 'u1', occurredAt: 60_500, amount: 14 };
    const lines = [...LINES.slice(0, 61), bad, ...LINES.slice(61)];
    const output = await run({ operators, lines, only: [...ONLY, 'clicks.dead-letters'] });
    const letters = output.filter(({ stream }) => stream === 'clicks.dead-letters');
    expect(letters).toMatchObject([{ reason: 'quarantined' }]);
    expect(letters[0]?.detail).toContain('The operator own failed on an event of clicks');
    expect(sorted(output.filter(({ stream }) => stream !== 'clicks.dead-letters'))).toEqual(expected());
  });

  test('derived anew gives what the journal has', async () => {
    const data = temporaryDirectory();
    const bad = { userId: 'u1', occurredAt: 60_500, amount: 14 };
    await run({ data, partitions: 2, lines: [...LINES, bad] });
    const offline = await openReadModels(join(data, 'data'), () => deleteStores(join(data, 'data'), ['duckdb']));
    try {
      const logs = await offline.rederive();
      expect(logs.map(({ differences }) => differences)).toEqual(logs.map(() => 0));
      expect(logs.reduce((sum, { derivedEvents }) => sum + derivedEvents, 0)).toBeGreaterThan(40);
    } finally {
      await offline.close();
    }
  });
});
