/** The steps of the configuration's jobs as they run: opened once, each with what the service lends it. */

import type { StepConfig } from '../config/sections/job-steps.ts';
import type { JobConfig } from '../config/sections/jobs.ts';
import { createHostRates } from '../fetching/host-rates.ts';
import type { EventType } from '../messages/codec.ts';
import { STANDARD_FORMAT } from '../messages/stream-format.ts';
import { checkRanType } from '../messages/types.ts';
import type { ServiceCore } from '../service.ts';
import type { Into } from '../sources/fetch-adapter.ts';
import type { StepHost, StepServer } from '../steps/adapter.ts';
import { STEPS } from '../steps/adapters.ts';
import type { Step } from '../steps/step.ts';
import { partitionOf } from '../streams/partitioner.ts';
import { createInternalSource } from './intake.ts';
import { tablesOf } from './job-step-tables.ts';
import { foldEvents } from './journal-events.ts';
import { allReady } from './partition-unit.ts';
import type { RunningStream } from './pipeline.ts';

/** Addresses of the servers on loopback that some steps work with, by the servers' names. */
export type ServerUrls = Map<string, string>;

/** The time limit of an attempt whose step names none. */
export const ATTEMPT_TIMEOUT_MS = 3_600_000;

export interface OpenSteps {
  /** The step, which is opened and recovered when it is first asked for. */
  of(job: JobConfig, step: StepConfig): Promise<Step>;
  close(): Promise<void>;
}

export function openSteps(core: ServiceCore, serverUrls: ServerUrls): OpenSteps {
  const known = new Map<StepConfig, Promise<Step>>();
  const rates = createHostRates();
  const opened = async (job: JobConfig, step: StepConfig): Promise<Step> => {
    const host = hostOf(core, job, step, serverUrls, rates);
    const found = STEPS.map((adapter) => adapter.open(step.settings, host)).find((each) => each !== null);
    if (found === undefined || found === null) throw new Error(`The step ${step.name} of ${job.name} is of no kind`);
    await found.recover?.();
    return found;
  };
  return {
    of(job, step) {
      const before = known.get(step);
      if (before !== undefined) return before;
      const opening = opened(job, step);
      known.set(step, opening);
      // The next attempt tries again.
      opening.catch(() => known.delete(step));
      return opening;
    },
    async close() {
      for (const step of known.values()) await (await step.catch(() => null))?.close?.();
    },
  };
}

export function serverOf({ settings }: StepConfig): StepServer | null {
  return STEPS.map((adapter) => adapter.server(settings)).find((server) => server !== null) ?? null;
}

function hostOf(
  core: ServiceCore,
  job: JobConfig,
  step: StepConfig,
  serverUrls: ServerUrls,
  rates: StepHost['rates'],
): StepHost {
  const { pipeline, platform, config, supervision } = core;
  const server = serverOf(step);
  const streamOf = (name: string): RunningStream => {
    const stream = pipeline.streams.get(name);
    if (stream === undefined) throw new Error(`The job ${job.name} delivers into ${name}, which does not exist`);
    return stream;
  };
  return {
    job: job.name,
    step: step.name,
    dataDir: config.dataDir,
    nowMs: supervision.nowMs,
    sleep: (ms, signal) => platform.sleep(ms, signal),
    http: platform.http,
    timeoutMs: step.timeoutMs ?? ATTEMPT_TIMEOUT_MS,
    serverUrl: () => (server === null ? '' : (serverUrls.get(server.id) ?? '')),
    rates,
    stream: (name) => intoOf(streamOf(name)),
    async replay(stream, type, each) {
      const running = streamOf(stream);
      await allReady(running.units, undefined);
      await foldEvents(pipeline, running, type, each);
    },
    processes: platform.processes,
    engines: config.engines,
    tables: core.jobTables,
    ...tablesOf(core, job),
    checked: (run) => core.operations.write(0, [checkRanType.encodeBlock([run])]),
    deliver: (stream, type, events) => deliver(streamOf(stream), job.name, type, events),
  };
}

function intoOf({ name, eventType, config }: RunningStream): Into {
  return {
    name,
    schema: eventType.schema,
    key: config?.key ?? null,
    eventTime: config?.eventTime ?? '',
    times: (config?.format ?? STANDARD_FORMAT).json,
  };
}

/** Delivers events to the partitions of their keys, one batch for each partition. */
async function deliver<E extends Readonly<Record<string, unknown>>>(
  stream: RunningStream,
  job: string,
  type: EventType<E>,
  events: readonly E[],
): Promise<void> {
  const source = createInternalSource(`job:${job}`, stream.intake);
  const keyField = stream.config?.key ?? '';
  const groups = new Map<number, E[]>();
  for (const event of events) {
    const partition = partitionOf(String(event[keyField]), stream.units.length);
    groups.set(partition, [...(groups.get(partition) ?? []), event]);
  }
  await Promise.all([...groups].map(([partition, group]) => source.write(partition, [type.encodeBlock(group)])));
}
