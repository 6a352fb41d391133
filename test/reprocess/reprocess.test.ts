/**
 * Results of another pipeline file beside the live ones and then in their place: they are those of a pipeline that had been written so
 * from the start, and what comes later goes on from them.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openReadModels } from '../../src/channel/offline.ts';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { registryOf } from '../../src/data-directory/registry-of.ts';
import { pruneData } from '../../src/data-directory/retention.ts';
import { journalOf, openReader } from '../../src/journal/open-reader.ts';
import type { Logger } from '../../src/logger.ts';
import { cutsOf } from '../../src/reprocess/cuts.ts';
import { dropReprocessed, reprocessedNames } from '../../src/reprocess/place.ts';
import { promote } from '../../src/reprocess/promote.ts';
import { reprocess } from '../../src/reprocess/reprocess.ts';
import { click, runScriptLines, type ScriptRun, temporaryDirectory, writePipeline } from '../service/script-run.ts';

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

const by = (key: string, seconds: number, aggregate: string) =>
  `{ stream: clicks, key: ${key}, window: { tumbling: ${seconds}s }, aggregate: { ${aggregate} } }`;
const LIVE = {
  watermark: '{ outOfOrderness: 1s }',
  partitions: 2,
  flush: false,
  windows: `per_user: ${by('userId', 10, 'n: count()')}\n  per_amount: ${by('amount', 10, 'n: count()')}`,
} as const;
/** One window of the stream's own key and one behind an exchange are changed, a join and a derived stream are new. */
const NEW = {
  ...LIVE,
  windows: `per_user: ${by('userId', 20, 'n: count(), total: sum(amount)')}\n  per_amount: ${by('amount', 5, 'n: count()')}`,
  joins: 'pairs: { left: clicks, right: large, type: inner, within: 2s }',
  derived:
    'large: { stream: clicks, where: amount > 5, select: { userId: userId, occurredAt: occurredAt, amount: amount } }',
} as const;

const lines = (from: number, to: number): object[] =>
  Array.from({ length: to - from }, (_, i) => {
    const at = from + i;
    return click(`u${(at * 7) % 11}`, at * 1000 + ((at * 37) % 900), { amount: (at * 13) % 9 });
  });
const EARLIER = lines(0, 60);
const LATER = lines(60, 120);
const LATEST = lines(120, 180);

function configOf(home: string, run: Omit<ScriptRun, 'lines'>): Config {
  return { ...loadConfig(writePipeline(home, { ...run, lines: [] }), {}), dataDir: join(home, 'data') };
}

function request(home: string, config: Config) {
  const own = { config, dataDir: join(home, 'data'), name: 'v2', logger: SILENT };
  return { ...own, onTotal: () => {}, onEvents: () => {} };
}

const made = (home: string, config: Config, fromMs: number | null = null, fromEarliest = false) =>
  reprocess({ ...request(home, config), configFile: join(home, 'pipeline.yaml'), fromMs, fromEarliest });
const promoted = (home: string, config: Config, nowMs = 1) =>
  promote({ ...request(home, config), skipsUnsent: false, nowMs });

/** Without the watermark that closed them: behind an exchange it depends on how much came at once. */
const sorted = (output: readonly Record<string, unknown>[]): string[] =>
  output.map(({ at: _, ...line }) => JSON.stringify(line)).sort();

async function differencesIn(home: string): Promise<number> {
  const models = await openReadModels(join(home, 'data'));
  const logs = await models.rederive();
  await models.close();
  return logs.reduce((sum, { differences }) => sum + differences, 0);
}

test('promoted results are those of a pipeline that was so from the start, and go on', {
  timeout: 120_000,
}, async () => {
  const home = temporaryDirectory();
  const before = await runScriptLines({ ...LIVE, data: home, lines: EARLIER });
  const config = configOf(home, NEW);
  await made(home, config);
  const beside = await runScriptLines({ ...LIVE, data: home, lines: [...EARLIER, ...LATER] });
  expect(sorted(beside.output)).toEqual(expect.arrayContaining(sorted(before.output)));
  // What came in since is taken in by the promotion.
  await promoted(home, config);
  const now = await runScriptLines({ ...NEW, data: home, lines: [...EARLIER, ...LATER, ...LATEST] });
  const whole = await runScriptLines({ ...NEW, lines: [...EARLIER, ...LATER, ...LATEST] });
  expect(sorted(now.output)).toEqual(sorted(whole.output));
  expect(new Set(whole.output.map(({ stream }) => stream))).toEqual(
    new Set(['per_user', 'per_amount', 'large', 'pairs']),
  );
  expect(now.summary).toMatchObject({ already: 120, committed: 60 });
  expect(await differencesIn(home)).toBe(0);
  expect(reprocessedNames(join(home, 'data'))).toEqual([]);
});

test('with a time, what was committed before it keeps its results', { timeout: 120_000 }, async () => {
  const home = temporaryDirectory();
  await runScriptLines({ ...LIVE, data: home, lines: EARLIER });
  const before = await runScriptLines({ ...LIVE, data: home, lines: EARLIER });
  await runScriptLines({ ...LIVE, data: home, lines: [...EARLIER, ...LATER] });
  const fromMs = await lastCommitted(home);
  const config = configOf(home, NEW);
  await made(home, config, fromMs);
  await promoted(home, config);
  const now = await runScriptLines({ ...NEW, data: home, lines: [...EARLIER, ...LATER] });
  const whole = await runScriptLines({ ...NEW, lines: [...EARLIER, ...LATER] });
  const ofUsers = (output: readonly Record<string, unknown>[]) => output.filter(({ stream }) => stream === 'per_user');
  const kept = ofUsers(before.output);
  const isNew = ofUsers(now.output).filter((line) => 'total' in line);
  expect(sorted(ofUsers(now.output))).toEqual(sorted([...kept, ...isNew]));
  const wholeNew = sorted(ofUsers(whole.output));
  expect(isNew.length).toBeGreaterThan(0);
  for (const line of sorted(isNew)) expect(wholeNew).toContain(line);
  expect(await differencesIn(home)).toBe(0);
});

/** When the last commit of the stream's first partition was. */
async function lastCommitted(home: string): Promise<number> {
  const reader = openReader(journalOf(join(home, 'data')));
  let at = 0;
  const range = { fromOffset: 0, toOffset: await reader.endOf('clicks-0') };
  for await (const { commit } of reader.commits('clicks-0', range)) at = commit.committedAt;
  return at;
}

test('an interrupted promotion lets nobody else at the journal, and ends when it is asked for again', {
  timeout: 120_000,
}, async () => {
  const home = temporaryDirectory();
  await runScriptLines({ ...LIVE, data: home, lines: EARLIER });
  const config = configOf(home, NEW);
  await made(home, config);
  const inTheWay = join(home, 'data', 'replaced', 'v2-7', 'clicks-0');
  mkdirSync(inTheWay, { recursive: true });
  await expect(promoted(home, config, 7)).rejects.toThrow(/not empty|ENOTEMPTY/);
  await expect(runScriptLines({ ...NEW, data: home, lines: EARLIER })).rejects.toThrow(
    /a `millrace promote` was interrupted. Run it again/,
  );
  rmSync(inTheWay, { recursive: true });
  await promoted(home, config);
  const now = await runScriptLines({ ...NEW, data: home, lines: EARLIER });
  const whole = await runScriptLines({ ...NEW, lines: EARLIER });
  expect(sorted(now.output)).toEqual(sorted(whole.output));
});

test('what was made by a pipeline file that has changed since is not promoted', async () => {
  const home = temporaryDirectory();
  await runScriptLines({ ...LIVE, data: home, lines: EARLIER });
  await made(home, configOf(home, NEW));
  const other = configOf(home, { ...NEW, windows: LIVE.windows });
  await expect(promoted(home, other)).rejects.toThrow('pipeline.yaml has changed since v2 was made by it');
  await expect(promoted(home, { ...other, dataDir: home })).rejects.toThrow();
  expect(dropReprocessed(join(home, 'data'), 'v2')).toBe(true);
  await expect(promoted(home, other)).rejects.toThrow('nothing that was reprocessed is called v2');
});

test('a journal with more partitions, or whose beginning was pruned, is refused in words', async () => {
  const home = temporaryDirectory();
  await runScriptLines({ ...LIVE, data: home, lines: EARLIER });
  await expect(made(home, configOf(home, { ...NEW, partitions: 1 }))).rejects.toThrow(
    'write `partitions: 2` for clicks',
  );
  const dataDir = join(home, 'data');
  const reader = { ...openReader(journalOf(dataDir)), startOf: async () => 12 };
  const live = { config: configOf(home, NEW), dataDir, reader, registry: registryOf(dataDir), ends: new Map() };
  await expect(cutsOf(live, { fromMs: null, fromEarliest: false })).rejects.toThrow(
    'begins at offset 12, since what was before it was pruned',
  );
});

test('of a journal whose beginning was pruned, the results are those of a pipeline that began with what is kept', {
  timeout: 120_000,
}, async () => {
  const home = temporaryDirectory();
  const live = { ...LIVE, partitions: 1, windows: `${LIVE.windows}\njournal: { segment: 64KB }` };
  const next = { ...NEW, partitions: 1 };
  const long = 'x'.repeat(2000);
  const input: object[] = [];
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 150; i++) {
      input.push(click(`${long}${i % 7}`, round * 20_000 + i * 100, { amount: (i * 13) % 9 }));
    }
    input.push({ $snapshot: true });
    await runScriptLines({ ...live, data: home, lines: input });
  }
  const dataDir = join(home, 'data');
  const models = await openReadModels(dataDir);
  await models.catchUp();
  await models.close();
  await pruneData(dataDir, { ageMs: null, maxBytes: 65_536 }, false, Date.now());
  const kept = await keptInputs(dataDir);
  expect(kept).toBeGreaterThan(0);
  expect(kept).toBeLessThan(600);
  const config = configOf(home, next);
  await expect(made(home, config)).rejects.toThrow('Give --from earliest for the results of the events that are kept');
  const { pruned } = await made(home, config, null, true);
  expect(pruned).toMatchObject([{ log: 'clicks-0', committedAt: expect.any(Number) }]);
  // Again: it goes on from there, and takes nothing twice.
  await made(home, config, null, true);
  await promoted(home, config);
  const later = [click(`${long}3`, 100_000, { amount: 7 }), click(`${long}3`, 101_000, { amount: 8 })];
  const now = await runScriptLines({ ...next, data: home, lines: [...input, ...later] });
  const events = input.filter((line) => !('$snapshot' in line));
  const whole = await runScriptLines({ ...next, lines: [...events.slice(-kept), ...later] });
  expect(sorted(now.output)).toEqual(sorted(whole.output));
  expect(new Set(whole.output.map(({ stream }) => stream))).toEqual(
    new Set(['per_user', 'per_amount', 'large', 'pairs']),
  );
  expect(await differencesIn(home)).toBe(0);
});

async function keptInputs(dataDir: string): Promise<number> {
  const [reader, registry] = [openReader(journalOf(dataDir)), registryOf(dataDir)];
  const range = { fromOffset: await reader.startOf('clicks-0'), toOffset: await reader.endOf('clicks-0') };
  let events = 0;
  for await (const { commit } of reader.commits('clicks-0', range)) {
    for (const { role, fingerprint, count } of commit.sections)
      if (role === 'input' && registry.nameOf(fingerprint) === 'Click') events += count;
  }
  return events;
}
