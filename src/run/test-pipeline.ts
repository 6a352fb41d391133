/** A pipeline file under test: what `millrace run` does with the lines of a script, called from a test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { outputNames } from '../config/config.ts';
import { hintFor } from '../config/output-names.ts';
import type { JournaledCommit } from '../journal/commit-reader.ts';
import type { Logger } from '../logger.ts';
import { deadLettersOf } from '../messages/stream-events.ts';
import { STORE_NAMES } from '../projections/drivers.ts';
import { inCommitOrderNow } from './commit-order.ts';
import { type Driver, startDriver } from './driver.ts';
import { commitLines } from './output.ts';
import { createSteps } from './run-script.ts';
import { createScriptReader, ScriptError, scriptStreams } from './script.ts';

export interface TestPipeline {
  /**
   * Events of a stream, and control lines, one after another; resolves once all are durable. An event that is refused is
   * a dead letter. Rejects with a ScriptError for a stream that there is not, or a control that can't be done.
   */
  pipe(stream: string, ...lines: readonly object[]): Promise<void>;
  /** Of a stream with `watermark: scripted`. */
  advanceWatermark(stream: string, watermarkMs: number): Promise<void>;
  /** Processing time goes on by a duration such as `65s`. It begins at 0. */
  advanceClock(duration: string): Promise<void>;
  setIdle(stream: string, partition: number, isIdle: boolean): Promise<void>;
  snapshot(): Promise<void>;
  /** Stops at once without an orderly end, recovers from the disk, and goes on. */
  restart(): Promise<void>;
  /** The input has ended: all that is open is given as it is, and stays open. */
  endOfInput(): Promise<void>;
  /**
   * Drains one derived stream: what came since it was read last, in commit order, as `millrace run --output` writes it. A
   * second call right after gives nothing. Throws for a name that nothing derives.
   */
  read(stream: string): Record<string, unknown>[];
  /** All of one derived stream since the start; drains nothing. Throws for a name that nothing derives. */
  readAll(stream: string): Record<string, unknown>[];
  /** Drains the refused events of a stream, as `read` does. Throws for a name that is no stream. */
  deadLetters(stream: string): Record<string, unknown>[];
  /** Where a stream's watermark stands, in epoch ms; null before its first event. Throws for a name that is no stream. */
  watermarkMs(stream: string): number | null;
  /** State, as the read models show it once they have caught up. */
  query(store: 'sqlite' | 'duckdb', sql: string): Promise<readonly Record<string, unknown>[]>;
  /** Ends it, and removes its data. */
  close(): Promise<void>;
}

const CATCH_UP_EVERY_MS = 5;

export async function startTestPipeline(config: Config, logger: Logger): Promise<TestPipeline> {
  const dataDir = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  const journal = { ...config.journal, durability: 'os' as const };
  const own: Config = { ...config, dataDir, journal, sinks: [], jobs: [] };
  const remove = (): void => rmSync(dataDir, { recursive: true, force: true });
  let driver: Driver;
  try {
    driver = await startDriver({ config: own, logger, source: 'test' });
  } catch (error) {
    remove();
    throw error;
  }
  const streams = scriptStreams(own);
  const steps = createSteps(driver, { records: 0, already: 0, had: null, tombstones: 0 });
  const streamNames = streams.map(({ name }) => name);
  const derivedNames = outputNames(own);
  const delivered = new Map<string, number>();
  /** By log: what is durable, as of the last step. */
  const journaled = new Map<string, JournaledCommit[]>();
  let position = 0;

  async function pipe(stream: string, lines: readonly object[]): Promise<void> {
    requireName('there is no stream', stream, streamNames);
    const read = createScriptReader(streams, stream);
    for (const line of lines) {
      position += 1;
      await steps.take(read(Buffer.from(JSON.stringify(line))), position, { source: 'test', position });
    }
    await steps.end();
    await readOn();
  }
  async function readOn(): Promise<void> {
    const { pipeline } = driver.service();
    for (const { log } of pipeline.units.filter((unit) => !pipeline.operations.units.includes(unit))) {
      const commits = journaled.get(log.name) ?? [];
      journaled.set(log.name, commits);
      const range = { fromOffset: commits.at(-1)?.endOffset ?? 0, toOffset: log.durableOffset() };
      for await (const commit of pipeline.reader.commits(log.name, range)) commits.push(commit);
    }
  }
  function readAll(stream: string): Record<string, unknown>[] {
    requireName('nothing derives', stream, derivedNames);
    const { registry } = driver.service().pipeline;
    return [...inCommitOrderNow(journaled)].flatMap((commit) =>
      [...commitLines(registry, commit, [stream])].map((line) => JSON.parse(line)),
    );
  }
  function read(stream: string): Record<string, unknown>[] {
    const all = readAll(stream);
    const before = delivered.get(stream) ?? 0;
    delivered.set(stream, all.length);
    return all.slice(before);
  }

  const [first] = streams;
  const anyStream = first?.name ?? '';
  return {
    pipe: (stream, ...lines) => pipe(stream, lines),
    advanceWatermark: (stream, watermarkMs) => pipe(stream, [{ $watermark: watermarkMs }]),
    advanceClock: (duration) => pipe(anyStream, [{ $advanceClock: duration }]),
    setIdle: (stream, partition, isIdle) => pipe(stream, [isIdle ? { $idle: partition } : { $active: partition }]),
    snapshot: () => pipe(anyStream, [{ $snapshot: true }]),
    restart: () => pipe(anyStream, [{ $restart: true }]),
    async endOfInput() {
      await driver.endOfInput();
      await readOn();
    },
    read,
    readAll,
    deadLetters(stream) {
      requireName('there is no stream', stream, streamNames);
      return read(deadLettersOf(stream));
    },
    watermarkMs(stream) {
      requireName('there is no stream', stream, streamNames);
      const watermarkMs = driver.time(stream).watermarkMs();
      return Number.isFinite(watermarkMs) ? watermarkMs : null;
    },
    async query(store, sql) {
      requireName('there is no store', store, STORE_NAMES);
      const { readModels, platform, failed } = driver.service();
      const broken = failed.then((error) => Promise.reject(error));
      broken.catch(() => {});
      while (readModels.lag() > 0) await Promise.race([platform.sleep(CATCH_UP_EVERY_MS), broken]);
      return readModels.stores.of(store).read({ kind: 'query', sql });
    },
    async close() {
      try {
        await driver.stop();
      } finally {
        remove();
      }
    },
  };
}

/** A misspelt name must not pass for one of which nothing has come. */
function requireName(what: string, name: string, known: readonly string[]): void {
  if (!known.includes(name)) throw new ScriptError(`${what} ${name}; ${hintFor(name, known)}`);
}
