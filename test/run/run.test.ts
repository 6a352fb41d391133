/** Test scripts through the whole pipeline: journal, actors, read models. */
import { expect, test } from 'vitest';
import { click, runScriptLines, type ScriptRun, temporaryDirectory } from '../service/script-run.ts';

const F1 = [
  ...[3999, 3000].map((at) => click('key2', at)),
  ...[20, 0, 999].map((at) => click('key1', at)),
  ...[1998, 1999, 1000].map((at) => click('key2', at)),
  { $watermark: 999 },
  { $watermark: 1999 },
  { $snapshot: true },
  { $restart: true },
  { $watermark: 2999 },
  { $watermark: 3999 },
  { $watermark: 4999 },
  { $watermark: 5999 },
];
const sums = 'sums: { stream: clicks, window: { tumbling: 3s }, aggregate: { total: sum(amount) } }';
const result = (key: string, start: number, total: number) => {
  return { stream: 'sums', key, start, end: start + 3000, revision: 0, at: start + 2999, total };
};

test.each([1, 2, 8])(
  'a tumbling sum of Flink with a snapshot and a restart in its middle, on %i partitions',
  async (partitions) => {
    const run = { watermark: 'scripted', partitions, windows: sums, lines: F1, flush: false };
    const { output, summary } = await runScriptLines(run);
    const expected = [result('key1', 0, 3), result('key2', 0, 3), result('key2', 3000, 2)];
    expect([...output].sort(compare)).toEqual(expected);
    expect(summary).toMatchObject({ in: 8, committed: 8, late: 0, watermarks: { clicks: { watermarkMs: 5999 } } });
  },
);

function compare(a: Record<string, unknown>, b: Record<string, unknown>): number {
  return Number(a.end) - Number(b.end) || String(a.key).localeCompare(String(b.key));
}

test('a restart without a snapshot before it loses nothing and repeats nothing', async () => {
  const lines = F1.flatMap((line, i) => (i % 5 === 4 ? [line, { $restart: true }] : [line]));
  const { output } = await runScriptLines({ watermark: 'scripted', windows: sums, lines, flush: false });
  expect(output).toHaveLength(3);
});

test('a script that is run again on its data adds nothing and prints the same', async () => {
  const data = temporaryDirectory();
  const run: ScriptRun = { watermark: 'scripted', windows: sums, lines: F1, data };
  const first = await runScriptLines(run);
  expect(first.output).toHaveLength(3);
  const again = await runScriptLines(run);
  expect(again.output).toEqual(first.output);
  expect(again.summary).toMatchObject({ in: 8, already: 8, committed: 0, windows: 0 });
});

test('what a window has not reached stays open without a flush, and closes with one', async () => {
  const lines = [click('a', 1000), { $watermark: 1500 }];
  expect((await runScriptLines({ watermark: 'scripted', lines, flush: false })).output).toEqual([]);
  expect((await runScriptLines({ watermark: 'scripted', lines })).output).toMatchObject([
    { key: 'a', n: 1, end: 3000 },
  ]);
});

test('output is in commit order over all partitions: by the line that made it', async () => {
  const lines = [
    click('a', 1000, { $partition: 1 }),
    { $watermark: 2999 },
    click('b', 4000, { $partition: 0 }),
    { $watermark: 5999 },
    click('c', 7000, { $partition: 1 }),
    { $watermark: 8999 },
  ];
  const { output } = await runScriptLines({ watermark: 'scripted', partitions: 2, lines });
  expect(output.map(({ key }) => key)).toEqual(['a', 'b', 'c']);
});

test('one file may carry several streams, each with its own watermark', async () => {
  const streams = '  other: { schema: ./click.avsc, key: userId, eventTime: occurredAt, watermark: scripted }\n';
  const windows = `counts: { stream: clicks, window: { tumbling: 3s }, aggregate: { n: count() } }
  others: { stream: other, window: { tumbling: 3s }, aggregate: { n: count() } }`;
  const lines = [
    click('a', 1000),
    click('b', 1000, { $stream: 'other' }),
    { $watermark: 2999, stream: 'other' },
    { nonsense: true, $stream: 'other' },
  ];
  const { output, summary } = await runScriptLines({ watermark: 'scripted', streams, windows, lines, flush: false });
  expect(output).toMatchObject([
    { stream: 'others', key: 'b', n: 1 },
    { stream: 'other.dead-letters', reason: 'missing-field', position: 4 },
  ]);
  expect(summary).toMatchObject({ in: 3, committed: 2, deadLetters: 1 });
});

test('a tombstone is counted, and no event', async () => {
  const lines = [click('a', 1000, { $tombstone: true }), click('a', 1000)];
  const { output, summary } = await runScriptLines({ watermark: 'scripted', lines });
  expect(output).toMatchObject([{ n: 1 }]);
  expect(summary).toMatchObject({ in: 1, committed: 1, tombstones: 1 });
});

test('a text that is not Unicode is a dead letter, as a key, in an event that names its stream, and of a tombstone', async () => {
  const half = JSON.stringify(click('\ud83d', 1000));
  const lines = [
    click('\uFFFD', 1000),
    half,
    half.replace('{', '{"$stream":"clicks",'),
    half.replace('{', '{"$tombstone":true,'),
    click('\ude42', 1000),
  ];
  const { output, summary } = await runScriptLines({ watermark: 'scripted', lines });
  const refused = output.filter(({ stream }) => stream === 'clicks.dead-letters');
  expect(refused).toMatchObject([2, 3, 4, 5].map((position) => ({ reason: 'not-unicode', position })));
  expect(output.filter(({ stream }) => stream === 'counts')).toMatchObject([{ key: '\uFFFD', n: 1 }]);
  expect(summary).toMatchObject({ in: 5, committed: 1, deadLetters: 4 });
});

test('only the named streams are written', async () => {
  const lines = [click('a', 1000), { $watermark: 5999 }, click('a', 1000)];
  const { output } = await runScriptLines({ watermark: 'scripted', lines, only: ['counts.late'] });
  expect(output).toMatchObject([{ stream: 'counts.late', key: 'a', latenessMs: 3000 }]);
  await expect(runScriptLines({ watermark: 'scripted', lines, only: ['count'] })).rejects.toThrow(
    'did you mean counts?',
  );
});

test.each([
  [{ $watermark: 1 }, '{}', 'clicks makes its own watermark'],
  [{ $watermark: '1' }, 'scripted', 'a whole number of milliseconds'],
  [{ $watermrk: 1 }, 'scripted', '$watermrk is no control; did you mean $watermark?'],
  [{ $watermark: 1, stream: 'click' }, 'scripted', 'there is no stream click; did you mean clicks?'],
  [{ $watermark: 1, other: 2 }, 'scripted', "other can't stand beside $watermark"],
  [{ $idle: 2 }, '{}', '$idle names no partition of clicks: it has 1'],
  [click('a', 1, { $partition: 1 }), '{}', '$partition names no partition of clicks'],
  [{ $advanceClock: 5 }, '{}', '$advanceClock is a duration'],
  [{ $restart: 'now' }, '{}', '$restart can only be true'],
])('%j is refused with file and line', async (line, watermark, message) => {
  const failure = runScriptLines({ watermark, lines: [click('a', 1), '', { $snapshot: true }, line] });
  await expect(failure).rejects.toThrow(/script\.jsonl:4:1: /);
  await expect(failure).rejects.toThrow(message);
});

const OF_TWO: ScriptRun = { watermark: '{ idleTimeout: 60s }', partitions: 2, lines: [], flush: false };

test('a partition that falls idle by the clock has its windows closed by the others', async () => {
  const a = (at: number): object => click('a', at, { $partition: 0 });
  const lines = [a(1000), click('b', 1000, { $partition: 1 }), { $advanceClock: '30s' }, a(10_000)];
  const before = await runScriptLines({ ...OF_TWO, lines: [...lines, { $advanceClock: '29s' }] });
  expect(before.output).toMatchObject([{ key: 'a', end: 3000 }]);
  const after = await runScriptLines({ ...OF_TWO, lines: [...lines, { $advanceClock: '30s' }] });
  expect(after.output).toMatchObject([
    { key: 'a', end: 3000, at: 9999 },
    { key: 'b', end: 3000, at: 9999 },
  ]);
  expect(after.summary.watermarks.clicks).toEqual({ watermarkMs: 9999, isIdle: false });
});

test('a stream that goes quiet closes its windows, and a longer window once it is quiet for longer', async () => {
  const windows = `counts: { stream: clicks, window: { tumbling: 3s }, aggregate: { n: count() } }
  minutes: { stream: clicks, window: { tumbling: 2m }, aggregate: { n: count() } }`;
  const run = { ...OF_TWO, windows };
  const quiet = [click('a', 1000), { $advanceClock: '65s' }];
  expect((await runScriptLines({ ...run, lines: quiet })).output).toMatchObject([{ stream: 'counts', at: 60_999 }]);
  const longer = await runScriptLines({ ...run, lines: [...quiet, { $advanceClock: '55s' }] });
  expect(longer.output).toMatchObject([{ stream: 'counts' }, { stream: 'minutes', n: 1, at: 120_999 }]);
});

test('who is idle by a control line leaves the minimum, and is ignored until it has caught up', async () => {
  const at = ($partition: number, occurredAt: number): object => click('k', occurredAt, { $partition });
  const lines = [at(0, 21), at(1, 11), { $idle: 1 }];
  const watermarkAfter = async (...more: object[]) => {
    const { summary } = await runScriptLines({ ...OF_TWO, lines: [...lines, ...more] });
    return summary.watermarks.clicks;
  };
  expect(await watermarkAfter()).toEqual({ watermarkMs: 20, isIdle: false });
  expect(await watermarkAfter({ $active: 1 }, at(1, 16), { $restart: true }, at(0, 31))).toMatchObject({
    watermarkMs: 30,
  });
  expect(await watermarkAfter({ $active: 1 }, at(1, 26), { $restart: true }, at(0, 31))).toMatchObject({
    watermarkMs: 25,
  });
  expect(await watermarkAfter({ $idle: 0 })).toEqual({ watermarkMs: 20, isIdle: true });
});

test('the contract of a stream says what becomes of a field that its schema does not have', async () => {
  const lines = [click('a', 1000, { colour: 'red', size: 3 }), click('b', 1500)];
  const frozen = await runScriptLines({ watermark: 'scripted', lines });
  expect(frozen.summary.deadLetterReasons).toMatchObject([
    {
      reason: 'unknown-field',
      first: { detail: expect.stringMatching(/^colour and size are no fields of the schema/) },
    },
  ]);
  const { output, summary } = await runScriptLines({ watermark: 'scripted, contract: discard', lines });
  expect(output.map(({ key }) => key)).toEqual(['a', 'b']);
  expect(summary.deadLetters).toBe(0);
});
