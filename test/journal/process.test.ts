/** Real processes: a second one on the same directory, a killed one. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { bodies, open, scratchDirectory, segments, withLog } from './scratch.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Writer {
  readonly process: ChildProcess;
  readonly ended: Promise<void>;
  lines(): string[];
  errors(): string;
}

/** Its acknowledgements go to a file: unlike a pipe, that one takes them all, and keeps them when the writer is killed. */
function writer(dir: string, durability: string): Writer {
  const output = join(scratchDirectory(), 'acks');
  const outputFd = openSync(output, 'w');
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/journal/writer.ts', dir, durability], {
    cwd: ROOT,
    stdio: ['ignore', outputFd, 'pipe'],
  });
  closeSync(outputFd);
  let err = '';
  child.stderr?.on('data', (bytes) => {
    err += bytes;
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    process: child,
    ended,
    lines: () => readFileSync(output, 'utf8').split('\n').slice(0, -1),
    errors: () => err,
  };
}

describe.each(['fsync', 'os'])('a process that is killed with durability %s', (durability) => {
  test.each([1, 200, 3000])('has every record that it acknowledged, from %d on, and no other damage', async (acks) => {
    const dir = join(scratchDirectory(), 'journal');
    const { process: child, lines, ended, errors } = writer(dir, durability);
    await expect.poll(() => lines().length, { timeout: 20_000, interval: 5 }).toBeGreaterThan(acks);
    expect(errors()).toBe('');
    child.kill('SIGKILL');
    await ended;
    const acked = lines().map(Number);
    expect(acked).toEqual(acked.map((_, offset) => offset));
    const next = await withLog(dir, (log) => log.nextOffset(), { segmentBytes: 64 * 1024 });
    expect(next).toBeGreaterThanOrEqual(acked.length);
    expect(bodies(dir, 0, next)).toEqual(Array.from({ length: next }, (_, i) => `record ${i}`));
    if (acks === 3000) expect(segments(dir).length).toBeGreaterThan(1);
  });
});

test('a process that is killed at an operation, in the middle of any write, has every record that it acknowledged', async () => {
  const run = (dir: string, killAt: number): string => {
    const words = ['--import', 'tsx', 'test/journal/killed-writer.ts', dir, String(killAt)];
    const { stdout, stderr } = spawnSync(process.execPath, words, { cwd: ROOT, encoding: 'utf8' });
    expect(stderr).toBe('');
    return stdout;
  };
  const whole = run(join(scratchDirectory(), 'journal'), -1).trim().split('\n');
  const operations = Number.parseInt(whole.at(-1) ?? '', 10);
  expect([whole.length, operations]).toEqual([7, expect.any(Number)]);
  expect(operations).toBeGreaterThan(20);
  const acknowledged: number[] = [];
  // KILLS=1: at each of them, which takes five times as long.
  const every = Number(process.env.KILLS ?? 5);
  for (let killAt = 0; killAt < operations; killAt += every) {
    const dir = join(scratchDirectory(), 'journal');
    const acks = run(dir, killAt).split('\n').slice(0, -1).map(Number);
    acknowledged.push(acks.length);
    const next = await withLog(dir, (log) => log.nextOffset());
    expect(next, `killed at operation ${killAt}`).toBeGreaterThanOrEqual(acks.length);
    const records = Array.from({ length: next }, (_, i) => `record ${i}`.padEnd(100, '.'));
    expect(bodies(dir, 0, next), `killed at operation ${killAt}`).toEqual(records);
  }
  // Killed before anything, at the end, and in between.
  expect(new Set(acknowledged)).toEqual(new Set([0, 2, 4, 6]));
});

test('a second process is refused by name of the directory, and let in the moment the first one is killed', async () => {
  const dir = join(scratchDirectory(), 'journal');
  const first = writer(dir, 'fsync');
  await expect.poll(() => first.lines().length, { timeout: 20_000 }).toBeGreaterThan(0);
  await expect(open(dir)).rejects.toMatchObject({ fault: { kind: 'in-use', directory: dir } });
  const second = writer(dir, 'fsync');
  await second.ended;
  expect(second.errors()).toContain(`${dir} is in use by another millrace process`);
  expect(second.lines()).toEqual([]);
  first.process.kill('SIGKILL');
  await first.ended;
  await (await open(dir)).close();
});

test('a second journal of the same process is refused too, and let in after a close', async () => {
  const dir = join(scratchDirectory(), 'journal');
  const first = await open(dir);
  await expect(open(dir)).rejects.toMatchObject({ kind: 'in-use' });
  await first.close();
  await (await open(dir)).close();
});

describe('a directory that can not be written', () => {
  // A directory where the lock's file belongs: no user can write there, not even root, for whom modes do not count.
  test('is refused by name', async () => {
    const dir = join(scratchDirectory(), 'journal');
    mkdirSync(join(dir, 'LOCK.db'), { recursive: true });
    await expect(open(dir)).rejects.toMatchObject({ fault: { kind: 'not-writable', directory: dir } });
    await expect(open(dir)).rejects.toThrow(`${dir} can't be written`);
  });

  test('or created is refused by name', async () => {
    const file = join(scratchDirectory(), 'a-file');
    writeFileSync(file, '');
    const dir = join(file, 'journal');
    await expect(open(dir)).rejects.toMatchObject({ fault: { kind: 'not-writable', directory: dir } });
  });
});
