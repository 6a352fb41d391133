/** A run over files: the whole pipeline from its inputs to their end, then what came of it. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openChannel } from '../channel/channel.ts';
import { runningTarget } from '../channel/running-target.ts';
import type { Config } from '../config/config.ts';
import { outputNames } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import { hintFor } from '../config/output-names.ts';
import type { StreamConfig } from '../config/sections/streams.ts';
import type { Logger } from '../logger.ts';
import type { Counts } from '../service/counts.ts';
import { filesChild, inputProblem } from '../service/file-input.ts';
import { flushStreams } from '../service/flush.ts';
import { createStreamTime, type StreamTime } from '../service/idleness.ts';
import { type RefusalCount, refusalsOf, refusedShares } from '../service/refusal-counts.ts';
import { type Service, startService } from '../service.ts';
import type { FileCounts } from '../sources/file/file.ts';
import { fileFormat } from '../sources/file/open.ts';
import { filesOf } from '../sources/file/paths.ts';
import { scriptName } from '../sources/known-file.ts';
import { startDriver } from './driver.ts';
import { outputLines } from './output.ts';
import { runScript, type ScriptCounts } from './run-script.ts';
import { scriptStreams } from './script.ts';
import { hasControls } from './script-file.ts';
import { type LackingStore, lackingStores } from './stores-elsewhere.ts';
import { unkept } from './unkept.ts';
import { untilInterrupted } from './until-interrupted.ts';

export interface RunInputs {
  readonly config: Config;
  readonly logger: Logger;
  /** A file, or a pattern of several. */
  readonly inputs: readonly { readonly stream: string; readonly file: string }[];
  /** The journal is thrown away at the end. */
  readonly temporary: boolean;
  /** At the end of input all that is open is given. */
  readonly flush: boolean;
  readonly output: ((lines: AsyncIterable<string>) => Promise<void>) | null;
  /** The derived streams to write; all of them when it is empty. */
  readonly only: readonly string[];
  onProgress(events: number): void;
}

export interface RunSummary {
  /** Lines or records of the inputs that this run read. */
  readonly in: number;
  /** Of these, those that an earlier run on the same data had committed, as the journal says. */
  readonly already: number;
  /** By this run. */
  readonly committed: number;
  /** Deletions, for streams that are used as tables. */
  readonly tombstones: number;
  /** Stores that somebody else runs and that have not got all of it. */
  readonly lacking: readonly LackingStore[];
  readonly deadLetters: number;
  /** Their reasons by stream, the most frequent first. */
  readonly deadLetterReasons: readonly RefusalCount[];
  /** By stream: the part of what this run read that became dead letters, from 0 to 1. */
  readonly deadLetterShares: Readonly<Record<string, number>>;
  /** Events that came too late for a window, and how many windows they lost. */
  readonly late: number;
  readonly lateWindows: number;
  readonly windows: number;
  /** Events of derived streams that a table has counted, by the name that it gives the count. */
  readonly counted: Readonly<Record<string, number>>;
  /** By stream and expectation: events that failed it, dead letters or not. */
  readonly failures: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** By stream: where its watermark stood at the end, in epoch ms; null before its first event. */
  readonly watermarks: Readonly<Record<string, { readonly watermarkMs: number | null; readonly isIdle: boolean }>>;
  readonly seconds: number;
  readonly eventsPerSecond: number;
  readonly peakRssMb: number;
  readonly eventLoopDelayP99Ms: number;
}

const PROGRESS_EVERY_MS = 200;

/** Runs to the end of every input. Throws what stopped it earlier; what was committed by then stays in the journal. */
export async function runInputs(options: RunInputs): Promise<RunSummary> {
  const { config } = options;
  for (const { stream } of options.inputs) requireStream(config.streams, stream);
  const inputs = options.inputs.flatMap(expanded);
  requireOutputs(config, options.only);
  const isScript = await hasScript(inputs.map(({ file }) => resolve(file)));
  const dataDir = options.temporary ? mkdtempSync(join(tmpdir(), 'millrace-')) : config.dataDir;
  const streams = config.streams.map((stream) => ({ ...stream, source: sourceOf(stream, inputs) }));
  const kept = { ...config, dataDir, streams, sinks: [], jobs: [] };
  const own = { ...options, inputs, config: options.temporary ? unkept(kept) : kept };
  const startedAt = performance.now();
  try {
    const ended = isScript ? await runScripts(own) : await runFiles(own);
    const { pipeline, observer } = ended.service;
    const units = pipeline.units.filter((unit) => !pipeline.operations.units.includes(unit));
    if (options.output !== null) {
      await options.output(outputLines(pipeline.reader, pipeline.registry, units, options.only));
    }
    const { events, deadLetters, late, lateWindows, windows, counted, failures, refusals } = ended.counts;
    const seconds = (performance.now() - startedAt) / 1000;
    return {
      in: ended.records,
      already: ended.already,
      committed: events,
      tombstones: ended.tombstones,
      lacking: ended.lacking,
      deadLetters,
      deadLetterReasons: refusalsOf(refusals),
      deadLetterShares: Object.fromEntries(refusedShares(refusals)),
      late,
      lateWindows,
      windows,
      counted: Object.fromEntries(counted),
      failures: Object.fromEntries([...failures].map(([stream, own]) => [stream, Object.fromEntries(own)])),
      watermarks: ended.watermarks,
      seconds,
      eventsPerSecond: events / seconds,
      peakRssMb: ended.peakRssBytes / 1024 ** 2,
      eventLoopDelayP99Ms: observer.loopDelayP99Ms(),
    };
  } finally {
    if (options.temporary) rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Whether every record that was read is accounted for. What was read, had and committed is counted in three places. */
export function isComplete(summary: Pick<RunSummary, 'in' | 'already' | 'committed' | 'deadLetters'>): boolean {
  return summary.in === summary.already + summary.committed + summary.deadLetters;
}

/** A run that has come to its end, with its service stopped. */
interface Ended {
  readonly service: Service;
  readonly counts: Counts;
  readonly records: number;
  readonly already: number;
  readonly tombstones: number;
  readonly lacking: readonly LackingStore[];
  readonly watermarks: RunSummary['watermarks'];
  readonly peakRssBytes: number;
}

/** Plain files: each is read in a thread of its own. */
async function runFiles({ config, logger, inputs, flush, temporary, onProgress }: RunInputs): Promise<Ended> {
  const files: { counts(): FileCounts; readonly ended: Promise<void> }[] = [];
  const service = await startService({
    config,
    logger,
    version: '',
    attach: ({ pipeline }) =>
      [...new Set(inputs.map(({ stream }) => stream))].map((name) => {
        const stream = openedStream(pipeline.streams, name);
        const own = inputs.filter((input) => input.stream === name);
        const { child, counts } = filesChild(
          stream,
          own.map(({ file }) => resolve(file)),
        );
        files.push({ counts, ended: child.ended });
        return child.spec;
      }),
  });
  const channel = temporary ? null : await openChannel(runningTarget(service), logger);
  const progress = watchProgress(
    () => service,
    () => onProgress(service.observer.counts.events),
  );
  let lacking: readonly LackingStore[] = [];
  const drained = Promise.all(files.map((file) => file.ended))
    .then(() => service.settled())
    .then(() =>
      flush ? flushStreams(new Set(inputs.map(({ stream }) => openedStream(service.pipeline.streams, stream)))) : null,
    )
    .then(() => service.settled())
    .then(async () => {
      lacking = await lackingStores(service);
      return null;
    });
  const failure = await untilInterrupted(Promise.race([drained, service.failed]));
  await channel?.close();
  await service.stop();
  const peakRssBytes = progress.stop();
  if (failure !== null) throw inputProblem(failure) ?? failure;
  const streams = [...service.pipeline.streams.values()];
  return {
    service,
    counts: service.observer.counts,
    records: files.reduce((sum, file) => sum + file.counts().records, 0),
    already: files.reduce((sum, file) => sum + file.counts().already, 0),
    tombstones: 0,
    lacking,
    watermarks: Object.fromEntries(streams.map((stream) => [stream.name, shown(createStreamTime(stream, 0))])),
    peakRssBytes,
  };
}

/** Files with control lines: step by step, in file order. */
async function runScripts({ config, logger, inputs, flush, onProgress }: RunInputs): Promise<Ended> {
  const paths = inputs.map(({ stream, file }) => ({ stream, path: resolve(file) }));
  const source = scriptName(paths.map(({ path }) => path));
  const driver = await startDriver({ config, logger, source });
  const progress = watchProgress(driver.service, () => onProgress(driver.counts().events));
  const counts: ScriptCounts = { records: 0, already: 0, had: null, tombstones: 0 };
  let peakRssBytes = 0;
  let lacking: readonly LackingStore[] = [];
  try {
    const ran = runScript(driver, scriptStreams(config), paths, flush, counts).then(async () => {
      lacking = await lackingStores(driver.service());
      return null;
    });
    const failure = await untilInterrupted(ran);
    if (failure !== null) throw failure;
  } catch (error) {
    throw inputProblem(error) ?? error;
  } finally {
    await driver.stop();
    peakRssBytes = progress.stop();
  }
  return {
    service: driver.service(),
    counts: driver.counts(),
    ...counts,
    already: counts.had ?? counts.already,
    lacking,
    watermarks: Object.fromEntries(config.streams.map(({ name }) => [name, shown(driver.time(name))])),
    peakRssBytes,
  };
}

async function hasScript(paths: readonly string[]): Promise<boolean> {
  let script: string | null = null;
  for (const path of paths) {
    const isRead = fileFormat(path) === 'jsonl' && statSync(path, { throwIfNoEntry: false })?.isFile() === true;
    if (script === null && isRead && (await hasControls(path))) script = path;
  }
  const other = paths.find((path) => fileFormat(path) !== 'jsonl');
  if (script === null || other === undefined) return script !== null;
  const message = `has control lines, which can't be run beside ${other}: write all inputs as .jsonl`;
  throw new ConfigError([{ file: script, line: null, column: null, path: '', message }]);
}

function shown(time: StreamTime): RunSummary['watermarks'][string] {
  const watermarkMs = time.watermarkMs();
  return { watermarkMs: Number.isFinite(watermarkMs) ? watermarkMs : null, isIdle: time.isIdle() };
}

function watchProgress(service: () => Service, report: () => void): { stop(): number } {
  let peakRssBytes = 0;
  const look = (): void => {
    peakRssBytes = Math.max(peakRssBytes, process.memoryUsage.rss() + service().readModels.stores.usage().rssBytes);
    report();
  };
  const timer = setInterval(look, PROGRESS_EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      look();
      return peakRssBytes;
    },
  };
}

function sourceOf(stream: StreamConfig, inputs: RunInputs['inputs']): StreamConfig['source'] {
  const input = inputs.find((candidate) => candidate.stream === stream.name);
  return input === undefined ? { kind: 'http' } : { kind: 'file', paths: [resolve(input.file)] };
}

/** An input of each file that a pattern stands for. */
function expanded({ stream, file }: RunInputs['inputs'][number]): RunInputs['inputs'] {
  const files = filesOf(file);
  if (files.length === 0) throw unknownWord('--input', `no file matches ${file}`);
  return files.map((each) => ({ stream, file: each }));
}

function requireStream(streams: readonly StreamConfig[], name: string): void {
  const known = streams.map((stream) => stream.name);
  if (!known.includes(name)) throw unknownWord('--input', `there is no stream ${name}; ${hintFor(name, known)}`);
}

/** Throws for a name that no result can have. */
function requireOutputs(config: Config, only: readonly string[]): void {
  const known = outputNames(config);
  for (const name of only) {
    if (!known.includes(name)) throw unknownWord('--only', `nothing derives ${name}; ${hintFor(name, known)}`);
  }
}

function unknownWord(option: string, message: string): ConfigError {
  return new ConfigError([{ file: option, line: null, column: null, path: '', message }]);
}

function openedStream<R>(streams: ReadonlyMap<string, R>, name: string): R {
  const running = streams.get(name);
  if (running === undefined) throw new Error(`Stream ${name} was not opened`);
  return running;
}
