/** Files that are run into one data directory again, once they have grown, moved, shrunk or been replaced. */
import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import { type FileResult, FORMATS, newest, type Row, runFile, writeRows } from './file-run.ts';

function scratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-grown-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Nine rows, 20 s apart, as in the case that a user met. */
const ROWS: readonly Row[] = Array.from({ length: 9 }, (_, i) => ({ k: `k${i + 1}`, t: 20_000 * (i + 1), x: i }));

describe('a file that grows', () => {
  test.each([...FORMATS.map((format) => [format, 2] as const), ['jsonl', 1] as const, ['jsonl', 4] as const])(
    'loses no row and doubles none: %s on %i partitions',
    async (format, partitions) => {
      const directory = scratch();
      // A Parquet file has its index at its end, so it can't grow: the new rows come in a file of their own.
      const grows = format !== 'parquet';
      const fileOf = (length: number): string => join(directory, `in${grows ? '' : length}.${format}`);
      let had = 0;
      for (const length of [4, 5, 8, 9]) {
        await writeRows(fileOf(length), format, ROWS.slice(grows ? 0 : had, length));
        const { summary, output } = await runFile({ directory, files: [fileOf(length)], partitions });
        const already = grows ? had : 0;
        const committed = length - had;
        expect(summary).toMatchObject({ in: already + committed, already, committed, deadLetters: 0, late: 0 });
        expect(newest(output)).toHaveLength(length);
        had = length;
      }
      const again = await runFile({ directory, files: [fileOf(9)], partitions });
      expect(again.summary).toMatchObject({ committed: 0, windows: 0, late: 0 });
      expect(newest(again.output)).toHaveLength(9);
    },
  );
});

test('the results of daily runs are those of one run over everything', async () => {
  const row = fc.record({ k: fc.constantFrom('a', 'b', 'c'), stepMs: fc.integer({ min: 0, max: 6000 }) });
  const windows = [
    'w: { stream: e, window: { tumbling: 10s }, aggregate: { n: count(), ids: collect(x) } }',
    'h: { stream: e, window: { hopping: { size: 10s, every: 4s } }, aggregate: { n: count() } }',
    'all: { stream: e, key: null, window: { tumbling: 20s }, aggregate: { n: count(), most: max(x) } }',
  ].join('\n  ');
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(row, { minLength: 1, maxLength: 10 }), { minLength: 2, maxLength: 4 }),
      fc.constantFrom(1, 2),
      async (days, partitions) => {
        const directory = mkdtempSync(join(tmpdir(), 'millrace-days-'));
        const file = join(directory, 'in.jsonl');
        const run = { directory, files: [file], partitions, windows };
        let rows: Row[] = [];
        for (const { k, stepMs } of days.flat()) rows.push({ k, t: (rows.at(-1)?.t ?? 0) + stepMs, x: rows.length });
        const whole = rows;
        try {
          let output: FileResult['output'] = [];
          for (let day = 1; day <= days.length; day++) {
            rows = whole.slice(0, days.slice(0, day).flat().length);
            await writeRows(file, 'jsonl', rows);
            ({ output } = await runFile(run));
          }
          rmSync(join(directory, 'data'), { recursive: true });
          expect(newest(output)).toEqual(newest((await runFile(run)).output));
        } finally {
          rmSync(directory, { recursive: true, force: true });
        }
      },
    ),
    { numRuns: 4 },
  );
});

describe('a file that is known', () => {
  const lines = (from: number, to: number): string =>
    ROWS.slice(from, to)
      .map((row) => `${JSON.stringify(row)}\n`)
      .join('');
  const setUp = async (content: string) => {
    const directory = scratch();
    const file = join(directory, 'in.jsonl');
    writeFileSync(file, content);
    await runFile({ directory, files: [file], partitions: 2 });
    return { directory, file, again: (...files: string[]) => runFile({ directory, files, partitions: 2 }) };
  };

  test('goes on behind what was read of it under another name, and under the first one after that', async () => {
    const { directory, file, again } = await setUp(lines(0, 4));
    const moved = join(directory, 'moved.jsonl');
    renameSync(file, moved);
    appendFileSync(moved, lines(4, 7));
    expect((await again(moved)).summary).toMatchObject({ in: 7, already: 4, committed: 3 });
    renameSync(moved, file);
    appendFileSync(file, lines(7, 9));
    expect((await again(file)).summary).toMatchObject({ in: 9, already: 7, committed: 2 });
  });

  test('is known unpacked and packed', async () => {
    const { directory, again } = await setUp(lines(0, 4));
    const packed = join(directory, 'other.jsonl.gz');
    await writeRows(packed, 'jsonl.gz', ROWS);
    expect((await again(packed)).summary).toMatchObject({ in: 9, already: 4, committed: 5 });
  });

  test('is refused when it is another one under the same name, or has shrunk, and nothing is taken', async () => {
    const { file, again } = await setUp(lines(0, 4));
    writeFileSync(file, lines(1, 9));
    const replaced = again(file);
    await expect(replaced).rejects.toThrow(ConfigError);
    await expect(replaced).rejects.toThrow(/in\.jsonl.*not the file that was read here.*another data directory/s);
    writeFileSync(file, lines(0, 4));
    truncateSync(file, lines(0, 3).length);
    await expect(again(file)).rejects.toThrow(/shorter now/);
    writeFileSync(file, lines(0, 5));
    expect((await again(file)).summary).toMatchObject({ in: 5, already: 4, committed: 1 });
  });

  test('is a new one when it begins otherwise under another name', async () => {
    const { directory, again } = await setUp(lines(0, 4));
    const other = join(directory, 'other.jsonl');
    writeFileSync(other, lines(1, 6));
    expect((await again(other)).summary).toMatchObject({ in: 5, already: 0, committed: 5 });
  });

  test('goes on behind a last line that had no end, and is refused when that line goes on', async () => {
    const { file, again } = await setUp(lines(0, 4).trimEnd());
    appendFileSync(file, `\n${lines(4, 5).trimEnd()}`);
    expect((await again(file)).summary).toMatchObject({ in: 5, already: 4, committed: 1 });
    appendFileSync(file, ' and more\n');
    await expect(again(file)).rejects.toThrow(/goes on in line 5/);
  });

  test('is refused with another number of partitions', async () => {
    const { directory, file } = await setUp(lines(0, 4));
    await expect(runFile({ directory, files: [file], partitions: 1 })).rejects.toThrow(/with 2 partitions/);
  });

  test('is refused as a script once it has control lines, and a script without them', async () => {
    const { file, again } = await setUp(lines(0, 4));
    appendFileSync(file, '{"$snapshot":true}\n');
    await expect(again(file)).rejects.toThrow(/without control lines/);
    const script = await setUp(`${lines(0, 4)}{"$snapshot":true}\n`);
    writeFileSync(script.file, lines(0, 5));
    await expect(script.again(script.file)).rejects.toThrow(/with control lines/);
  });

  test('may come twice in one run, and once is the other one already', async () => {
    const directory = scratch();
    const [one, two] = [join(directory, 'one.jsonl'), join(directory, 'two.jsonl')];
    writeFileSync(one, lines(0, 4));
    copyFileSync(one, two);
    appendFileSync(two, lines(4, 9));
    const { summary, output } = await runFile({ directory, files: [one, two], partitions: 2 });
    expect(summary).toMatchObject({ in: 13, already: 4, committed: 9 });
    expect(newest(output)).toHaveLength(9);
  });

  test('goes on in threads as without, and after a run without a flush', async () => {
    const directory = scratch();
    const file = join(directory, 'in.jsonl');
    writeFileSync(file, lines(0, 4));
    await runFile({ directory, files: [file], partitions: 2, threads: 1, flush: false });
    appendFileSync(file, lines(4, 9));
    const { summary, output } = await runFile({ directory, files: [file], partitions: 2, threads: 1 });
    expect(summary).toMatchObject({ in: 9, already: 4, committed: 5 });
    expect(newest(output)).toHaveLength(9);
  });
});

test('a script that has grown goes on behind its lines, and one that begins otherwise is refused', async () => {
  const directory = scratch();
  const file = join(directory, 'in.jsonl');
  const write = (...lines: object[]) => writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const run = () => runFile({ directory, files: [file], partitions: 2 });
  write({ $snapshot: true }, ...ROWS.slice(0, 4));
  expect((await run()).summary).toMatchObject({ in: 4, already: 0, committed: 4 });
  write({ $snapshot: true }, ...ROWS.slice(0, 7), { $restart: true }, ...ROWS.slice(7));
  const { summary, output } = await run();
  expect(summary).toMatchObject({ in: 9, already: 4, committed: 5, late: 0 });
  expect(newest(output)).toHaveLength(9);
  expect((await run()).summary).toMatchObject({ in: 9, already: 9, committed: 0, windows: 0 });
  write({ $snapshot: true }, ...ROWS.slice(1));
  await expect(run()).rejects.toThrow(/not the file that was read here/);
  expect(readFileSync(file, 'utf8')).not.toBe('');
});
