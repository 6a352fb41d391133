/** A run over files: the whole pipeline from its inputs to their end, then what came of it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Config, ConfigError, type StreamConfig } from '../config/config.ts';
import { nearestWord } from '../config/suggest.ts';
import type { Log } from '../log.ts';
import { type Service, startService } from '../service.ts';
import { createFileInput, type FileInput } from './file-input.ts';
import { outputLines } from './output.ts';
import { sourceChild } from './source-child.ts';

export interface RunInputs {
  readonly config: Config;
  readonly log: Log;
  readonly inputs: readonly { readonly stream: string; readonly file: string }[];
  /** The journal is thrown away at the end. */
  readonly temporary: boolean;
  /** At the end of input the watermark goes to infinity, so that every window closes. */
  readonly flush: boolean;
  readonly output: ((lines: Iterable<string>) => Promise<void>) | null;
  onProgress(events: number): void;
}

export interface RunSummary {
  /** Lines or records of the inputs that this run read. */
  readonly in: number;
  /** Of these, those that an earlier run on the same data had committed. */
  readonly already: number;
  readonly committed: number;
  readonly deadLetters: number;
  readonly late: number;
  readonly windows: number;
  readonly sessions: number;
  readonly alerts: number;
  readonly seconds: number;
  readonly eventsPerSecond: number;
  readonly peakRssMb: number;
  readonly eventLoopDelayP99Ms: number;
}

const PROGRESS_EVERY_MS = 200;

/** Runs to the end of every input. Throws what stopped it earlier; what was committed by then stays in the journal. */
export async function runInputs(options: RunInputs): Promise<RunSummary> {
  const { config, inputs, log } = options;
  const dataDir = options.temporary ? mkdtempSync(join(tmpdir(), 'millrace-')) : config.dataDir;
  const streams = config.streams.map((stream) => ({ ...stream, source: sourceOf(stream, inputs) }));
  for (const { stream } of inputs) requireStream(config.streams, stream);
  const startedAt = performance.now();
  const files: FileInput[] = [];
  try {
    const service = await startService({
      config: { ...config, dataDir, streams, sinks: [], schedules: [] },
      log,
      version: '',
      attach: ({ pipeline }) =>
        inputs.map(({ stream, file }) => {
          const runtime = requireRuntime(pipeline.streams, stream);
          const input = createFileInput(runtime, resolve(file), options.flush);
          const child = sourceChild(input.source, runtime.intake, runtime.units);
          files.push({ ...input, ended: child.ended });
          return child.spec;
        }),
    });
    return await finish(service, files, options, startedAt);
  } finally {
    if (options.temporary) rmSync(dataDir, { recursive: true, force: true });
  }
}

async function finish(
  service: Service,
  files: readonly FileInput[],
  options: RunInputs,
  startedAt: number,
): Promise<RunSummary> {
  let peakRss = 0;
  const timer = setInterval(() => {
    peakRss = Math.max(peakRss, process.memoryUsage.rss());
    options.onProgress(service.observer.counts.events);
  }, PROGRESS_EVERY_MS);
  const drained = Promise.all(files.map((file) => file.ended)).then(() => null);
  const failure = await Promise.race([drained, service.failed, interrupted()]);
  await service.stop();
  clearInterval(timer);
  if (failure !== null) throw failure;
  const { pipeline, observer } = service;
  const units = pipeline.units.filter((unit) => !unit.log.name.startsWith('millrace.'));
  if (options.output !== null) await options.output(outputLines(pipeline.journalDir, pipeline.registry, units));
  const { events, deadLetters, late, windows, sessions, alerts } = observer.counts;
  const read = files.reduce((sum, file) => sum + file.counts().records, 0);
  const already = files.reduce((sum, file) => sum + file.counts().skipped, 0);
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    in: read,
    already,
    committed: events + already,
    deadLetters,
    late,
    windows,
    sessions,
    alerts,
    seconds,
    eventsPerSecond: events / seconds,
    peakRssMb: peakRss / 1024 ** 2,
    eventLoopDelayP99Ms: observer.loopDelayP99Ms(),
  };
}

/** Ctrl-C ends a run in good order: what was read is committed, and the next run on the same data goes on from there. */
function interrupted(): Promise<Error> {
  return new Promise((resolve) => {
    const stop = (): void => resolve(new Error('Interrupted; run the same command again to go on from here'));
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
  });
}

function sourceOf(stream: StreamConfig, inputs: RunInputs['inputs']): StreamConfig['source'] {
  const input = inputs.find((candidate) => candidate.stream === stream.name);
  return input === undefined ? { kind: 'http' } : { kind: 'file', path: resolve(input.file) };
}

function requireStream(streams: readonly StreamConfig[], name: string): void {
  const known = streams.map((stream) => stream.name);
  if (known.includes(name)) return;
  const nearest = nearestWord(name, known);
  const message = `there is no stream ${name}; ${nearest === undefined ? `known: ${known.join(', ')}` : `did you mean ${nearest}?`}`;
  throw new ConfigError([{ file: '--input', line: null, column: null, path: '', message }]);
}

function requireRuntime<R>(streams: ReadonlyMap<string, R>, name: string): R {
  const runtime = streams.get(name);
  if (runtime === undefined) throw new Error(`Stream ${name} was not opened`);
  return runtime;
}
