/** Windows keyed by several values, through the whole of a run: exchange, results, late events, tables. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { runInputs } from '../../src/run/run.ts';

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
const folder = mkdtempSync(join(tmpdir(), 'millrace-keys-'));
afterAll(() => rmSync(folder, { recursive: true }));

writeFileSync(
  join(folder, 's.avsc'),
  JSON.stringify({
    type: 'record',
    name: 'S',
    fields: [
      { name: 'id', type: 'string' },
      { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
      { name: 'country', type: ['null', 'string'] },
      { name: 'n', type: ['null', 'long'] },
    ],
  }),
);
const COUNTRIES = ['DE', 'a"b', '', 'ü', null];
const NUMBERS = [1, -2, 4_503_599_627_370_496, null];
const events = Array.from({ length: 60 }, (_, i) => ({
  id: `id-${i % 7}`,
  at: 1000 + i * 100,
  country: COUNTRIES[i % 5],
  n: NUMBERS[i % 4],
}));
const late = { id: 'id-0', at: 0, country: 'DE', n: null };
const whole = [...events, ...events.map((one) => ({ ...one, at: one.at + 60_000 }))];

async function run(
  partitions: number,
  input: readonly object[],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const path = join(folder, `p${partitions}.yaml`);
  writeFileSync(
    path,
    `streams:
  s: { schema: ./s.avsc, key: id, eventTime: at, partitions: ${partitions}, watermark: { outOfOrderness: 1s, idleTimeout: 1s } }
windows:
  pairs: { stream: s, key: [country, n], window: { tumbling: 10s }, aggregate: { n: count() } }
  own: { stream: s, key: [id, country], window: { session: 1s }, aggregate: { n: count() } }
`,
  );
  writeFileSync(join(folder, 's.jsonl'), input.map((one) => JSON.stringify(one)).join('\n'));
  const lines: Readonly<Record<string, unknown>>[] = [];
  await runInputs({
    config: loadConfig(path, {}),
    logger: SILENT,
    inputs: [{ stream: 's', file: join(folder, 's.jsonl') }],
    temporary: true,
    flush: true,
    only: [],
    async output(output) {
      for await (const line of output) lines.push(JSON.parse(line));
    },
    onProgress() {},
  });
  return lines;
}

test('groups are the pairs of values, nulls among them, the same on 1 and 4 partitions', async () => {
  const [one, four] = [await run(1, whole), await run(4, whole)];
  const results = (lines: typeof one) =>
    lines
      .filter(({ stream }) => !String(stream).endsWith('.late'))
      .map(({ at: _, ...rest }) => JSON.stringify(rest))
      .sort();
  expect(results(four)).toEqual(results(one));
  const pairs = one.filter(({ stream, start }) => stream === 'pairs' && start === 0);
  const expected = COUNTRIES.flatMap((country) => NUMBERS.map((n) => JSON.stringify([country, n])));
  expect(pairs.map(({ key }) => JSON.stringify(key)).sort()).toEqual(expected.sort());
  expect(pairs.every(({ n }) => n === 3)).toBe(true);
  expect(one.find(({ stream }) => stream === 'own')).toMatchObject({ key: ['id-0', 'DE'] });
});

test('a late event has its key as an array', async () => {
  const lines = await run(1, [...whole, late]);
  expect(lines.filter(({ stream }) => stream === 'pairs.late')).toMatchObject([{ key: ['DE', null] }]);
});
