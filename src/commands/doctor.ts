/**
 * `millrace doctor`: whether this machine, this configuration and this data directory can run the service.
 * It changes nothing in the data directory, and a check that fails never keeps the others from running.
 */
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import { requireInputs } from '../config/sections/sources.ts';
import { createLogger } from '../logger.ts';
import { CONFIG_OPTION, type Command, configFileOf, configOf, DATA_OPTION, JSON_OPTION, print } from './command.ts';
import type { DoctorCheck } from './doctor-check.ts';
import { clock, limits } from './doctor-machine.ts';
import { EXIT } from './exit.ts';

export interface Check {
  readonly check: string;
  readonly ok: boolean;
  /** The finding; for a failure also what to do. */
  readonly detail: string;
}

/** Node.js 20.20, as package.json says. */
const MIN_NODE: readonly [number, number] = [20, 20];
const MIN_FREE_BYTES = 1024 ** 3;

export const doctorCommand = (domains: readonly DoctorCheck[]): Command => ({
  name: 'doctor',
  summary: 'check that this machine and configuration can run the service',
  usage: 'doctor [--config FILE] [--data DIR] [--port N] [--json]',
  options: {
    ...CONFIG_OPTION,
    ...DATA_OPTION,
    ...JSON_OPTION,
    port: { type: 'string', value: 'N', help: 'the port of the service; 0 is any' },
  },
  async run(values) {
    const checks: Check[] = [await attempt('node', nodeVersion)];
    let config: Config | null = null;
    checks.push(
      await attempt('configuration', async () => {
        config = await configOf(values);
        requireInputs(config, configFileOf(values));
        return configFileOf(values);
      }),
    );
    if (config !== null) checks.push(...(await checksOf(config, domains)));
    if (values.json === true) await print(JSON.stringify(checks));
    else
      for (const { check, ok, detail } of checks) await print(`${ok ? 'ok  ' : 'FAIL'}  ${check.padEnd(14)} ${detail}`);
    return checks.every(({ ok }) => ok) ? EXIT.ok : EXIT.checkFailed;
  },
});

async function checksOf(config: Config, domains: readonly DoctorCheck[]): Promise<Check[]> {
  return [
    await attempt('limits', limits),
    await attempt('data directory', () => dataDirectory(config.dataDir)),
    await attempt('journal', () => journal(config.dataDir)),
    await attempt('clock', () => clock(config.dataDir, Date.now())),
    await attempt('connections', () => connections(config)),
    await attempt('read models', readModels),
    ...(await stores(config)),
    ...(await tier(config)),
    ...(await ofDomains(config.dataDir, domains)),
    await attempt('port', () => freePort(config.http.host, config.http.port)),
  ];
}

async function attempt(check: string, run: () => string | Promise<string>): Promise<Check> {
  try {
    return { check, ok: true, detail: await run() };
  } catch (error) {
    return { check, ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

function nodeVersion(): string {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [minMajor, minMinor] = MIN_NODE;
  if (major > minMajor || (major === minMajor && minor >= minMinor)) return process.version;
  throw new Error(`${process.version} is too old; install Node.js ${minMajor}.${minMinor} or newer`);
}

function dataDirectory(dataDir: string): string {
  const directory = resolve(dataDir);
  const existing = nearestExisting(directory);
  try {
    accessSync(existing, constants.W_OK);
  } catch {
    throw new Error(`${existing} can't be written; choose another with --data`);
  }
  const { bavail, bsize } = statfsSync(existing);
  const free = `${((bavail * bsize) / 1024 ** 3).toFixed(1)} GiB free`;
  if (bavail * bsize < MIN_FREE_BYTES) throw new Error(`${directory} has only ${free}; the journal needs room to grow`);
  return `${directory}, ${existing === directory ? '' : 'to be created, '}${free}`;
}

function nearestExisting(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestExisting(dirname(path));
}

/** Inspects the journal without its lock, since a running service is no fault. */
async function journal(dataDir: string): Promise<string> {
  const { inspectData } = await import('../data-directory/inspect.ts');
  const reports = (await inspectData(dataDir)).logs;
  const corrupt = reports.filter(({ tail }) => tail === 'corrupt').map(({ log }) => log);
  if (corrupt.length > 0) throw new Error(`${corrupt.join(', ')} is corrupt; see millrace journal inspect`);
  const events = reports.reduce((sum, { nextOffset }) => sum + nextOffset, 0);
  const away = reports.reduce((sum, report) => sum + report.away, 0);
  const elsewhere =
    away === 0 ? '' : `; ${away} segments in ${[...new Set(reports.flatMap(({ awayIn }) => awayIn))].join(', ')}`;
  return reports.length === 0
    ? 'none yet'
    : `${reports.length} logs, ${events.toLocaleString('en')} events${elsewhere}`;
}

/** Whether what streams are read from, and what sinks lead to, can be had. */
async function connections(config: Config): Promise<string> {
  const { unreachableSources } = await import('../service/sources.ts');
  const { unreachableSinks } = await import('../service/sink-host.ts');
  const { nodePlatform } = await import('../service/platform.ts');
  const found = [...(await unreachableSources(config, createLogger('error'), nodePlatform))];
  found.push(...(await unreachableSinks(config, createLogger('error'), nodePlatform)));
  if (found.length > 0) {
    throw new Error(found.map(({ who, message }) => `${who}: ${message}`).join('; '));
  }
  const kinds = [...new Set(config.streams.map(({ source }) => source.kind))];
  const sinks = config.sinks.length === 0 ? '' : `; sinks: ${config.sinks.map(({ name }) => name).join(', ')}`;
  return `every source can be had: ${kinds.length === 0 ? 'there is none' : kinds.join(', ')}${sinks}`;
}

async function ofDomains(dataDir: string, domains: readonly DoctorCheck[]): Promise<Check[]> {
  const all = await Promise.all(domains.map(({ name, run }) => attempt(name, () => run(dataDir) ?? '')));
  return all.filter(({ ok, detail }) => !ok || detail !== '');
}

/** Each store of the pipeline file, asked where it is. */
function stores({ stores: { declared } }: Config): Promise<Check[]> {
  return Promise.all(
    declared.map((store) =>
      attempt(`store ${store.name}`, async () => {
        const { STORES } = await import('../stores/adapters.ts');
        const asked = STORES.map((adapter) => adapter.reach(store)).find((each) => each !== null);
        return (await asked) ?? store.kind;
      }),
    ),
  );
}

/** Whether the place for old segments of the journal can be had, where one is named. */
async function tier({ journal: { tier: settings } }: Config): Promise<Check[]> {
  if (settings === null) return [];
  return [
    await attempt('journal.tier', async () => {
      const { reachTier } = await import('../data-directory/tiering.ts');
      await reachTier(settings);
      return `${settings.place} can be had`;
    }),
  ];
}

/** Opens both stores in a temporary directory, so that their native modules and their process run. */
async function readModels(): Promise<string> {
  const { openReadModels } = await import('../channel/offline.ts');
  const directory = mkdtempSync(join(tmpdir(), 'millrace-doctor-'));
  try {
    mkdirSync(join(directory, 'journal'));
    const offline = await openReadModels(directory);
    try {
      const [row] = await offline.query('duckdb', 'SELECT version() AS version');
      return `SQLite and DuckDB ${row?.version} open`;
    } finally {
      await offline.close();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function freePort(host: string, port: number): Promise<string> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      const hint =
        error.code === 'EADDRINUSE'
          ? 'is in use, perhaps by a service that runs; choose another with --port'
          : `can't be bound (${error.message})`;
      fail(new Error(`${host}:${port} ${hint}`));
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => done(`${host}:${port} is free`)));
  });
}
