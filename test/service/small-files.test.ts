/** The small files of a data directory, cut off, zeroed or no JSON; and directories that are none. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openReadModels } from '../../src/channel/offline.ts';
import { openCat } from '../../src/data-directory/cat.ts';
import { lockDirectory } from '../../src/journal/lock.ts';
import { newest, runFile, writeRows } from './file-run.ts';

const DAMAGES: readonly (readonly [string, (path: string) => void])[] = [
  ['cut off', (path) => truncateSync(path, Math.floor(readFileSync(path).length / 2))],
  ['empty', (path) => writeFileSync(path, '')],
  ['zeroed', (path) => writeFileSync(path, Buffer.alloc(readFileSync(path).length))],
  ['no JSON', (path) => writeFileSync(path, 'not JSON at all')],
];

async function setUp() {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-small-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'in.jsonl');
  await writeRows(
    file,
    'jsonl',
    [1, 2, 3].map((x) => ({ k: `k${x}`, t: 20_000 * x, x })),
  );
  const run = () => runFile({ directory, files: [file], stores: true });
  await run();
  return { data: join(directory, 'data'), run };
}

async function countWindows(data: string): Promise<unknown> {
  const offline = await openReadModels(data);
  try {
    await offline.catchUp();
    return (await offline.query('duckdb', 'SELECT count(*) AS n FROM windows'))[0]?.n;
  } finally {
    await offline.close();
  }
}

test.each(DAMAGES)('tables.json that is %s is named, and written anew by the next run', async (_, damage) => {
  const { data, run } = await setUp();
  damage(join(data, 'tables.json'));
  await expect(openReadModels(data)).rejects.toThrow(/tables\.json is cut off or damaged.*millrace start/);
  await run();
  expect(await countWindows(data)).toBe(3);
});

test.each(DAMAGES)('derivations.json that is %s is named, at a start as at a replay', async (_, damage) => {
  const { data, run } = await setUp();
  damage(join(data, 'derivations.json'));
  const message = /derivations\.json is cut off or damaged.*Restore the file/;
  const offline = await openReadModels(data);
  try {
    await expect(offline.rederive()).rejects.toThrow(message);
  } finally {
    await offline.close();
  }
  await expect(run()).rejects.toThrow(message);
});

test.each(DAMAGES)('a schema that is %s is named, and written anew where it is known', async (_, damage) => {
  const { data, run } = await setUp();
  const schemas = readdirSync(join(data, 'schemas'));
  const before = new Map(schemas.map((name) => [name, readFileSync(join(data, 'schemas', name), 'utf8')]));
  for (const name of schemas) damage(join(data, 'schemas', name));
  await expect(countWindows(data)).rejects.toThrow(/schemas\/[0-9a-f]{16}\.avsc is cut off or damaged/);
  await run();
  for (const [name, text] of before) expect(readFileSync(join(data, 'schemas', name), 'utf8')).toBe(text);
});

test('a directory without a journal is said to have none, and is not made', async () => {
  const data = join(tmpdir(), 'millrace-no-such-directory');
  await expect(openReadModels(data)).rejects.toThrow(`There is no journal in ${data}; see --data`);
  expect(existsSync(data)).toBe(false);
});

test('after a crash every whole frame is printed, and beside a writer what is vouched for', async () => {
  const { data, run } = await setUp();
  const all = newest((await run()).output).length;
  const wanted = {
    name: 'e',
    partition: null,
    fromOffset: 0,
    toOffset: Number.MAX_SAFE_INTEGER,
    sinceMs: Number.NEGATIVE_INFINITY,
    untilMs: Number.POSITIVE_INFINITY,
    types: ['w'],
  };
  // What a process that was killed leaves: nothing vouches for the last group.
  rmSync(join(data, 'journal/e-0/HEAD'));
  rmSync(join(data, 'journal/e-0/snapshots'), { recursive: true });
  const unlock = lockDirectory(join(data, 'journal'));
  expect((await printed(data, wanted)).length).toBeLessThan(all);
  unlock();
  expect(await printed(data, wanted)).toHaveLength(all);
});

async function printed(...cat: Parameters<typeof openCat>): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of (await openCat(...cat)).next()) lines.push(line);
  return lines;
}
