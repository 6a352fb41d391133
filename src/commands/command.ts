/** What a command is, and the options that several share. */
import type { ParseArgsConfig } from 'node:util';
import { type Config, ConfigError } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';

export type OptionValues = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** The words after `millrace`, then a line an option. */
  readonly usage: string;
  readonly options: NonNullable<ParseArgsConfig['options']>;
  /** Resolves with the exit code. */
  run(values: OptionValues, positionals: readonly string[]): Promise<number>;
}

export const DEFAULT_CONFIG = new URL('../../config/demo.yaml', import.meta.url).pathname;

export const CONFIG_OPTION = { config: { type: 'string' } } as const;
export const DATA_OPTION = { data: { type: 'string' } } as const;
export const JSON_OPTION = { json: { type: 'boolean' } } as const;

export function text(values: OptionValues, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

/** The configuration named on the command line, with what else the command line overrides. */
export function configOf(values: OptionValues): Config {
  const file = text(values, 'config') ?? process.env.MILLRACE_CONFIG ?? DEFAULT_CONFIG;
  const config = loadConfig(file, process.env);
  const port = text(values, 'port');
  const http = port === undefined ? config.http : { ...config.http, port: portOf(port) };
  return { ...config, http, dataDir: text(values, 'data') ?? config.dataDir };
}

/** `--data`, else what the configuration says. A command on data alone does not need a valid configuration file. */
export function dataDirOf(values: OptionValues): string {
  return text(values, 'data') ?? configOf(values).dataDir;
}

function portOf(port: string): number {
  const value = Number(port);
  if (Number.isInteger(value) && value >= 0 && value <= 65_535) return value;
  throw new ConfigError([
    {
      file: '--port',
      line: null,
      column: null,
      path: '',
      message: `${JSON.stringify(port)} is not a port from 0 to 65535`,
    },
  ]);
}

/** Writes to standard output, and waits when the reader is slow. */
export async function print(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`)) await new Promise<void>((resolve) => process.stdout.once('drain', resolve));
}

/** Rows as an aligned table. */
export function tableText(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const [first] = rows;
  if (first === undefined) return '(no rows)';
  const columns = Object.keys(first);
  const cells = rows.map((row) => columns.map((column) => cellText(row[column])));
  const widths = columns.map((column, i) => Math.max(column.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(columns), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)].join('\n');
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
