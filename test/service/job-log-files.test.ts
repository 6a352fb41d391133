import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { logDirectory } from '../../src/service/job-log.ts';
import { isLogOf, linesOf, loggedAttempts } from '../../src/service/job-log-files.ts';
import { nodePlatform } from '../../src/service/platform.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'millrace-'));
const RUN = { job: 'j', runId: 'j@2026-01-01T00:00:00.000Z' };
const at = (second: number) => new Date(second * 1000).toISOString();
const line = (second: number, text: string, level = 'info') => `${JSON.stringify({ at: at(second), level, text })}\n`;
const directory = logDirectory(dataDir, RUN.job, RUN.runId);

beforeAll(async () => {
  await nodePlatform.appendLog?.(join(directory, 'sum.1.jsonl'), line(20, 'begins') + line(25, 'no column x', 'error'));
  // Of a run that was cleared.
  await nodePlatform.appendLog?.(join(directory, 'sum.r2.1.jsonl'), line(30, 'begins again'));
  // Longer than what is read at an end of the file.
  const many = Array.from({ length: 400 }, (_, i) => line(11, `row ${i} of the answer`)).join('');
  await nodePlatform.appendLog?.(join(directory, 'load-2-.1.jsonl'), line(10, 'begins') + many + line(12, 'done'));
  appendFileSync(join(directory, 'load-2-.1.jsonl'), '{"at":"20');
});
afterAll(() => rmSync(dataDir, { recursive: true }));

test('attempts are those with a log, by their beginning, each with its first and last time', async () => {
  expect(await loggedAttempts(dataDir, RUN.job, RUN.runId)).toEqual([
    { step: 'load-2-', round: 1, attempt: 1, beganAt: 10_000, lastAt: 12_000, level: 'info' },
    { step: 'sum', round: 1, attempt: 1, beganAt: 20_000, lastAt: 25_000, level: 'error' },
    { step: 'sum', round: 2, attempt: 1, beganAt: 30_000, lastAt: 30_000, level: 'info' },
  ]);
  expect(await loggedAttempts(dataDir, RUN.job, 'j@gone')).toEqual([]);
});

test('of a log the last lines are read, without one that a crash has cut', async () => {
  const cut = await linesOf(dataDir, { ...RUN, step: 'load[2]', round: 1, attempt: 1 }, 2);
  expect(cut).toEqual({
    lines: [
      { at: at(11), level: 'info', text: 'row 399 of the answer' },
      { at: at(12), level: 'info', text: 'done' },
    ],
    isCut: true,
  });
  expect(await linesOf(dataDir, { ...RUN, step: 'sum', round: 1, attempt: 1 }, 2)).toMatchObject({ isCut: false });
});

test('a name leads to no file outside of the logs', async () => {
  expect(await linesOf(dataDir, { ...RUN, step: '../../../x', round: 1, attempt: 1 }, 2)).toBeNull();
  expect(logDirectory('/d', '../..', '..')).toBe('/d/job-logs/..-../-');
});

test('the log of a step is that of its items too, and of no other step', () => {
  expect(['load', 'load-2-', 'load-x', 'loaded', 'load-2-3-'].map((logged) => isLogOf(logged, 'load'))).toEqual([
    ...[true, true, false, false, false],
  ]);
});
