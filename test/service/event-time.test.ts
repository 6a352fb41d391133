/**
 * Other engines' tests of their windows and joins, each a pipeline file with its input and what must come of it, run as `millrace
 * run` does. The expectations are those engines', with what is different here said in the pipeline file. Fields that
 * they say nothing of are left out, and the order between derived streams is ours.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { runInputs } from '../../src/run/run.ts';

const FOLDER = new URL('../fixtures/event-time/', import.meta.url).pathname;
const CASES = readdirSync(FOLDER).flatMap((file) => /^(.*)\.yaml$/.exec(file)?.[1] ?? []);
/** Those whose input ends with windows open, of which the table says nothing. */
const NOT_FLUSHED: readonly string[] = ['k1', 'k3', 'k7', 'k10', 'k13', 'b2'];
/** Windows that come besides those of the table. */
const BEYOND: Readonly<Record<string, (line: Line) => boolean>> = {
  // The table has those that Kafka had closed by then, with a grace of 5.
  k10: ({ start }) => Number(start) > 12,
  // Of k7 it follows one window.
  k7: ({ stream, start }) => stream === 'sums' && start !== 5,
};
type Line = Readonly<Record<string, unknown>>;

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

async function run(name: string) {
  const output: Line[] = [];
  const summary = await runInputs({
    config: loadConfig(join(FOLDER, `${name}.yaml`), {}),
    logger: SILENT,
    inputs: [{ stream: 'readings', file: join(FOLDER, `${name}.jsonl`) }],
    temporary: true,
    flush: !NOT_FLUSHED.includes(name),
    only: [],
    async output(lines) {
      for await (const line of lines) output.push(JSON.parse(line));
    },
    onProgress() {},
  });
  return { output, summary };
}

test.each(CASES)('%s', async (name) => {
  const expected = readFileSync(join(FOLDER, `${name}.expected.jsonl`), 'utf8')
    .trim()
    .split('\n');
  const isBeyond = BEYOND[name] ?? (() => false);
  const found = (await run(name)).output.filter((line) => !isBeyond(line));
  const streams = new Set(found.map(({ stream }) => stream));
  const wanted: Line[] = expected.map((line) => JSON.parse(line));
  expect([...new Set(wanted.map(({ stream }) => stream))].sort()).toEqual([...streams].sort());
  for (const stream of streams) {
    const ofStream = (lines: readonly Line[]) => lines.filter((line) => line.stream === stream);
    expect(ofStream(found)).toMatchObject(ofStream(wanted));
  }
});

test('what late events lost is counted by event, and by event and window', async () => {
  const summaries = await Promise.all(['k7', 'f5-lateness-0'].map(async (name) => (await run(name)).summary));
  expect(summaries).toMatchObject([
    { late: 7, lateWindows: 12 },
    { late: 1, lateWindows: 1 },
  ]);
});

test('there is a case of each table', () => {
  const tables = new Set(CASES.map((name) => name.replace(/-.*/, '')));
  expect([...tables].sort()).toEqual(['b2', 'f1', 'f2', 'f3', 'f5', 'f9', 'k1', 'k10', 'k11', 'k13', 'k3', 'k7', 'x1']);
});
