/** CSV files whose records span lines, through the whole pipeline. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { runFile } from './format-run.ts';
import { temporaryDirectory } from './script-run.ts';

const FILE = [
  'k,t',
  '"line one\nline two",1000',
  'plain,1001',
  '"a ""quoted""\r\nword",soon',
  '',
  '"x\n\ny",1002',
  '"stray,1003\nz,1004\nw,1005\n',
].join('\n');
const EVENTS = [
  { k: 'line one\nline two', t: 1000 },
  { k: 'plain', t: 1001 },
  { k: 'x\n\ny', t: 1002 },
];
const LETTERS = [
  { reason: 'invalid-time', position: 5, raw: '"a ""quoted""\r\nword",soon' },
  { reason: 'not-csv', position: 11, raw: '"stray,1003\nz,1004\nw,1005\n' },
];
const byTime = (one: Record<string, unknown>, other: Record<string, unknown>) => Number(one.t) - Number(other.t);

test.each([1, 2, 4])(
  'a record that spans lines is one event or one dead letter, on %i partitions',
  async (partitions) => {
    const { events, deadLetters, summary } = await runFile('in.csv', FILE, { partitions });
    expect([...events].sort(byTime)).toEqual(EVENTS);
    expect(deadLetters).toMatchObject(LETTERS);
    expect(deadLetters[1]?.detail).toBe('the quoted cell 1 does not end (the record is lines 11 to 13)');
    expect(summary).toMatchObject({ in: 5, committed: 3, deadLetters: 2 });
  },
);

test('so it is in a packed file, with CRLF and behind a byte order mark', async () => {
  const text = '\uFEFF"k",t\r\n"a\r\nb",1\r\n"c",2';
  const { events, deadLetters } = await runFile('in.csv.gz', gzipSync(text));
  expect(events).toEqual([
    { k: 'a\r\nb', t: 1 },
    { k: 'c', t: 2 },
  ]);
  expect(deadLetters).toEqual([]);
});

test('a second run of the same file takes nothing again, and goes on behind the record that the first ended with', async () => {
  const data = temporaryDirectory();
  const start = 'k,t\n"a\nb",1\n"c\n\nd",2\n';
  expect((await runFile('in.csv', start, { data, partitions: 2 })).summary).toMatchObject({ in: 2, committed: 2 });
  const again = await runFile('in.csv', start, { data, partitions: 2 });
  expect(again.summary).toMatchObject({ in: 2, already: 2 });
});

test('a file whose lines end in CR alone is refused in words', async () => {
  await expect(runFile('in.csv', 'k,t\ra,1\rb,2\r')).rejects.toThrow('line 1: its lines end in CR alone');
});

test('each logical type is read by its own rule, and a wrong cell names its column', async () => {
  const fields = [
    { name: 'd', type: { type: 'int', logicalType: 'date' } },
    { name: 'u', type: ['null', { type: 'string', logicalType: 'uuid' }], default: null },
    { name: 'm', type: ['null', { type: 'long', logicalType: 'timestamp-micros' }], default: null },
  ];
  const uuid = '123e4567-e89b-12d3-a456-426614174000';
  const text = `k,t,d,u,m
a,1000,2018-04-01,${uuid},2018-04-01T00:00:00.000001Z
b,1000,17622,,
c,1000,2018-04-01T00:00:00Z,,
d,1000,99999999999,,
e,1000,1,nobody,
f,1000,1,,2018-04-01
g,1000,-1,,7`;
  const { events, deadLetters } = await runFile('in.csv', text, { fields });
  expect(events).toEqual([
    { k: 'a', t: 1000, d: 17_622, u: uuid, m: 1_522_540_800_000_001 },
    { k: 'b', t: 1000, d: 17_622, u: null, m: null },
    { k: 'g', t: 1000, d: -1, u: null, m: 7 },
  ]);
  expect(deadLetters.map(({ position, detail }) => [position, String(detail).split(' ')[0]])).toEqual([
    [4, 'd'],
    [5, 'd'],
    [6, 'u'],
    [7, 'm'],
  ]);
});

test('files of a pattern are read by name, each with positions of its own; a later one is read behind them', async () => {
  const data = temporaryDirectory();
  const file = (name: string, text: string) => writeFileSync(join(data, name), text);
  file('in-2.csv', 'k,t\nc,3\nd,soon\n');
  file('in-1.csv', 'k,t\na,1\nb,never\n');
  const first = await runFile(join(data, 'in-*.csv'), null, { data, partitions: 2 });
  expect(first.summary).toMatchObject({
    in: 4,
    committed: 2,
    deadLetters: 2,
    deadLetterReasons: [
      { stream: 'e', reason: 'invalid-time', count: 2, first: { source: `file:${data}/in-1.csv`, position: 3 } },
    ],
    deadLetterShares: { e: 0.5 },
  });
  expect(first.deadLetters).toMatchObject([
    { position: 3, raw: 'b,never' },
    { position: 3, raw: 'd,soon' },
  ]);
  file('in-3.csv', 'k,t\ne,4\n');
  const again = await runFile(join(data, 'in-*.csv'), null, { data, partitions: 2 });
  expect(again.summary).toMatchObject({ in: 5, already: 4, committed: 1 });
  await expect(runFile(join(data, 'out-*.csv'), null)).rejects.toThrow('no file matches');
});
