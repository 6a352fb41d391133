/** `millrace start`: the service, until Ctrl-C. */
import { readFileSync } from 'node:fs';
import { type Served, serve } from '../api/serve.ts';
import { openChannel } from '../channel/channel.ts';
import { runningTarget } from '../channel/running-target.ts';
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import { requireInputs } from '../config/sections/sources.ts';
import { createLogger, type Logger } from '../logger.ts';
import { checkChildren } from '../service/checks.ts';
import { inputProblem } from '../service/file-input.ts';
import { idlenessChildren } from '../service/idleness.ts';
import { jobChildren } from '../service/jobs.ts';
import { nodePlatform } from '../service/platform.ts';
import { unreachableSinks } from '../service/sink-host.ts';
import { sinkChildren } from '../service/sinks.ts';
import { assignedStreams, sourceChildren, unreachableSources } from '../service/sources.ts';
import { startService } from '../service.ts';
import { startTracing, TracingPackagesMissing } from '../tracing/otel.ts';
import type { Tracing } from '../tracing/port.ts';
import { CONFIG_OPTION, type Command, configFileOf, configOf, DATA_OPTION, settingsIn } from './command.ts';
import { DependencyError, EXIT } from './exit.ts';

const STATUS_EVERY_MS = 5000;

export const startCommand: Command = {
  name: 'start',
  summary: 'start the service and its page',
  usage: 'start [--config FILE] [--data DIR] [--port N] [--quiet]',
  options: { ...CONFIG_OPTION, ...DATA_OPTION, port: { type: 'string' }, quiet: { type: 'boolean' } },
  async run(values) {
    const config = await configOf(values);
    const settings = await settingsIn(values, config);
    requireInputs(config, configFileOf(values));
    const logger = createLogger(config.log.level);
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    await requireReachable(config, configFileOf(values), logger);
    const tracing = tracingOf(config, version, configFileOf(values), logger);
    const signalled = stopSignal();
    const service = await startService({
      goesOnHalted: true,
      assigned: assignedStreams(config),
      config,
      logger,
      version,
      tracing,
      attach: (core) => [
        ...sinkChildren(core),
        ...jobChildren(core),
        ...checkChildren(core),
        ...sourceChildren(core),
        ...idlenessChildren(core.pipeline, core.platform),
      ],
    });
    const channel = await openChannel(runningTarget(service), logger);
    const served = await serve(service, settings).catch(async (error: unknown) => {
      await channel.close();
      await service.stop();
      throw error;
    });
    process.stdout.write(`millrace listening on ${served.url} (data in ${config.dataDir}; Ctrl-C to stop)\n`);
    const status = setInterval(() => {
      if (values.quiet !== true) process.stdout.write(`${statusLine(served.overview())}\n`);
    }, STATUS_EVERY_MS);
    const failure = await Promise.race([signalled, service.failed]);
    clearInterval(status);
    if (failure === null) process.stdout.write('stopping: committing and projecting what was taken in\n');
    await served.close();
    await channel.close();
    await service.stop();
    await served.end();
    await tracing?.close();
    if (failure !== null) throw inputProblem(failure) ?? failure;
    process.stdout.write('stopped\n');
    return EXIT.ok;
  },
};

/** Throws a DependencyError or a ConfigError when what a stream is read from, or where a sink leads to, can't be had. */
async function requireReachable(config: Config, file: string, logger: Logger): Promise<void> {
  const unreachable = [
    ...(await unreachableSources(config, logger, nodePlatform)),
    ...(await unreachableSinks(config, logger, nodePlatform)),
  ];
  const wrong = unreachable.filter(({ kind }) => kind === 'configuration');
  if (wrong.length > 0) {
    throw new ConfigError(wrong.map(({ path, message }) => ({ file, line: null, column: null, path, message })));
  }
  const [first] = unreachable;
  if (first !== undefined) throw new DependencyError(`${first.who}: ${first.message}`);
}

/** Null where nobody traces. Throws a ConfigError where the packages that it takes are not there. */
function tracingOf(config: Config, version: string, file: string, logger: Logger): Tracing | null {
  if (config.tracing === null) return null;
  const warn = (message: string): void => logger.warn({ message }, 'traces could not be sent');
  try {
    return startTracing({ ...config.tracing, service: config.name, version, warn });
  } catch (error) {
    if (!(error instanceof TracingPackagesMissing)) throw error;
    throw new ConfigError([{ file, line: null, column: null, path: 'tracing', message: error.message }]);
  }
}

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once, and the journal recovers. */
function stopSignal(): Promise<null> {
  return new Promise((resolve) => {
    let asked = false;
    const stop = (): void => {
      if (asked) process.exit(EXIT.failed);
      asked = true;
      resolve(null);
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}

function statusLine(overview: ReturnType<Served['overview']>): string {
  const rate = overview.stages
    .filter(({ kind }) => kind === 'source')
    .reduce((sum, stage) => sum + stage.eventsPerSecond, 0);
  const lag = Math.max(0, ...overview.stages.map((stage) => stage.lag ?? 0));
  const { eventsIn, deadLetters, lateEvents: _, ...headlines } = overview.sinceStart;
  const derived = Object.entries(headlines).map(([name, events]) => `${events.toLocaleString('en')} ${name}, `);
  const at = overview.eventTime === null ? 'no event yet' : new Date(overview.eventTime).toISOString().slice(0, 16);
  return (
    `${Math.round(rate).toLocaleString('en')} events/s · since the start ${eventsIn.toLocaleString('en')} in, ` +
    `${derived.join('')}${deadLetters} dead letters · event time ${at} · ` +
    `read models ${lag.toLocaleString('en')} behind · ${Math.round(overview.rssBytes / 1024 ** 2)} MiB`
  );
}
