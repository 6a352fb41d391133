/** Joins through the whole pipeline: on any number of partitions, across a crash, and in what is read of them. */
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deleteStores, openReadModels } from '../../src/channel/offline.ts';
import { loadConfig } from '../../src/config/load.ts';
import { runScriptLines, temporaryDirectory, writePipeline } from './script-run.ts';

const PAIRS = `pairs: { left: clicks, right: views, type: outer, within: 2s }
  together: { left: clicks, right: views, type: left, window: { tumbling: 2s, offset: 1s } }
  seen: { left: clicks, table: views, type: left, grace: 1s }`;
const streams = (partitions: number) =>
  `  views: { schema: ./click.avsc, key: userId, eventTime: occurredAt, partitions: ${partitions}, watermark: { outOfOrderness: 1s } }\n`;

const lines = fc
  .array(
    fc.record({
      isView: fc.boolean(),
      isGone: fc.boolean(),
      userId: fc.constantFrom('a', 'b', 'c'),
      gapMs: fc.nat(900),
      amount: fc.nat(9),
    }),
    { minLength: 10, maxLength: 30 },
  )
  .map((drawn) => {
    let occurredAt = 0;
    return drawn.map(({ isView, isGone, userId, gapMs, amount }): object => {
      occurredAt += gapMs + 1;
      const event = { userId, occurredAt, amount };
      if (!isView) return event;
      return isGone ? { $stream: 'views', $tombstone: true, userId, occurredAt } : { $stream: 'views', ...event };
    });
  });

async function resultsOf(script: readonly object[], partitions: number, data?: string): Promise<string[]> {
  const { output } = await runScriptLines({
    watermark: '{ outOfOrderness: 1s }',
    partitions,
    streams: streams(partitions),
    joins: PAIRS,
    lines: script,
    only: ['pairs', 'together', 'seen'],
    ...(data === undefined ? {} : { data }),
  });
  return output.map((result) => JSON.stringify(result)).sort();
}

test('hold in the end what one run gives, when their input comes in two with a flush between', async () => {
  await fc.assert(
    fc.asyncProperty(lines, fc.nat(), async (script, cut) => {
      const whole = (await resultsOf(script, 2)).sort();
      const data = temporaryDirectory();
      // A control makes it a script, which is known by its beginning.
      await resultsOf([{ $snapshot: true }, ...script.slice(0, cut % script.length)], 2, data);
      const split = await resultsOf([{ $snapshot: true }, ...script], 2, data);
      const missing = whole.filter((result) => !split.includes(result));
      expect(missing).toEqual([]);
      // What a flush gave besides is a null side, or an older row, of an event that has a later result.
      const rest = [...split];
      for (const result of whole) rest.splice(rest.indexOf(result), 1);
      for (const given of rest) {
        const { stream, left, right } = JSON.parse(given);
        const others = whole.map((result) => JSON.parse(result)).filter((result) => result.stream === stream);
        const side = left === null ? 'right' : 'left';
        const own = JSON.stringify(side === 'left' ? left : right);
        expect(others.some((result) => JSON.stringify(result[side]) === own)).toBe(true);
        expect(left === null || right === null || stream === 'seen').toBe(true);
      }
    }),
    { numRuns: 4 },
  );
});

test('are the same on 1 and on 3 partitions, also when the process dies in between', async () => {
  await fc.assert(
    fc.asyncProperty(lines, fc.nat(), async (script, cut) => {
      const expected = await resultsOf(script, 1);
      const at = cut % script.length;
      const restarted = [...script.slice(0, at), { $snapshot: true }, { $restart: true }, ...script.slice(at)];
      expect(await resultsOf(restarted, 3)).toEqual(expected);
    }),
    { numRuns: 4 },
  );
});

test('are a table, and derived anew they are what the journal has', async () => {
  const data = temporaryDirectory();
  const event = (userId: string, occurredAt: number) => ({ userId, occurredAt, amount: 1 });
  const script = [
    event('a', 1000),
    { $stream: 'views', ...event('a', 1500) },
    event('b', 1600),
    { $stream: 'views', ...event('c', 9000) },
  ];
  expect(await resultsOf(script, 2, data)).toHaveLength(7);
  const offline = await openReadModels(join(data, 'data'), () => deleteStores(join(data, 'data'), ['duckdb']));
  try {
    expect((await offline.rederive()).filter(({ differences }) => differences > 0)).toEqual([]);
    await offline.catchUp();
    const sql = `SELECT join_name, key, left_event->>'occurredAt' AS l, right_event->>'occurredAt' AS r, epoch_ms(joined_at) AS ts
      FROM joins ORDER BY ALL`;
    expect(await offline.query('duckdb', sql)).toEqual([
      { join_name: 'pairs', key: 'a', l: '1000', r: '1500', ts: 1500 },
      { join_name: 'pairs', key: 'b', l: '1600', r: null, ts: 1600 },
      { join_name: 'pairs', key: 'c', l: null, r: '9000', ts: 9000 },
      { join_name: 'seen', key: 'a', l: '1000', r: null, ts: 1000 },
      { join_name: 'seen', key: 'b', l: '1600', r: null, ts: 1600 },
      { join_name: 'together', key: 'a', l: '1000', r: '1500', ts: 1500 },
      { join_name: 'together', key: 'b', l: '1600', r: null, ts: 1600 },
    ]);
  } finally {
    await offline.close();
  }
});

test('name what does not fit in the file', () => {
  const directory = temporaryDirectory();
  const load = (joins: string) => () =>
    loadConfig(writePipeline(directory, { watermark: '{}', joins, streams: streams(1), lines: [] }), {});
  expect(load('j: { left: clicks, right: nowhere, within: 1s }')).toThrow(
    /:7:\d+: joins\.j\.right: there is no stream/,
  );
  expect(load('j: { left: j, right: clicks, within: 1s }')).toThrow('joins.j.left: is of itself: j → j');
  expect(load('j: { left: clicks, right: views }')).toThrow('joins.j.within: must be one of text or { before, after }');
  expect(load('j: { left: clicks, right: views, window: { tumbling: 2s, offset: 2s } }')).toThrow(
    'joins.j.window.offset: must be shorter than the window',
  );
  expect(load('j: { left: clicks, table: views, type: outer }')).toThrow('must be one of inner, left');
});

test('late events of a join go to its late stream, with how late they were', async () => {
  const { output } = await runScriptLines({
    watermark: '{ outOfOrderness: 1s }',
    partitions: 1,
    streams: streams(1),
    joins: `pairs: { left: clicks, right: views, type: left, within: 2s, grace: 1s }
  seen: { left: clicks, table: views, type: left, history: 5s }`,
    lines: [
      { $stream: 'views', userId: 'a', occurredAt: 20_000, amount: 1 },
      { userId: 'a', occurredAt: 20_000, amount: 2 },
      // The watermark is at 18,999.
      { userId: 'a', occurredAt: 17_999, amount: 3 },
      { userId: 'a', occurredAt: 13_998, amount: 4 },
    ],
    only: ['pairs', 'pairs.late', 'seen', 'seen.late'],
  });
  const late = (stream: string) =>
    output
      .filter((result) => result.stream === stream)
      .map(({ key, latenessMs, event }) => ({ key, latenessMs, event }));
  const first = { key: 'a', latenessMs: 1000, event: { userId: 'a', occurredAt: 17_999, amount: 3 } };
  const second = { key: 'a', latenessMs: 5001, event: { userId: 'a', occurredAt: 13_998, amount: 4 } };
  expect(late('pairs.late')).toEqual([first, second]);
  expect(late('seen.late')).toEqual([second]);
  const times = (stream: string) => output.filter((result) => result.stream === stream).map(({ ts }) => ts);
  expect(times('pairs')).toEqual([20_000]);
  expect(times('seen')).toEqual([17_999, 20_000]);
});
