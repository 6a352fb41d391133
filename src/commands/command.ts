/** The form of a command, and the options that several commands share. */
import { fileURLToPath } from 'node:url';
import type { Config } from '../config/config.ts';
import type { Override } from '../config/overrides.ts';
import type { Setting } from '../config/settings.ts';
import { printable, printableLine } from '../messages/printable.ts';
import { nearestWord } from '../nearest-word.ts';
import { UsageError } from './exit.ts';

export type OptionValues = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

/** An option as parseArgs takes it, with its line of help. */
export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  readonly multiple?: boolean;
  readonly short?: string;
  /** Placeholder of the value in help, such as FILE. */
  readonly value?: string;
  readonly help?: string;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** The words after `millrace`, then a line an option. */
  readonly usage: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** Resolves with the exit code. */
  run(values: OptionValues, positionals: readonly string[]): Promise<number>;
}

const DEFAULT_CONFIG = fileURLToPath(new URL('../../config/demo.yaml', import.meta.url));

export const CONFIG_OPTION = {
  config: { type: 'string', value: 'FILE', help: 'the pipeline file; else MILLRACE_CONFIG, else the demo' },
} as const;
export const DATA_OPTION = {
  data: { type: 'string', value: 'DIR', help: 'where everything is kept; else what the configuration says' },
} as const;
export const JSON_OPTION = { json: { type: 'boolean', help: 'print JSON' } } as const;

export function text(values: OptionValues, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

/** The pipeline file named on the command line, else by MILLRACE_CONFIG, else the demo. */
export function configFileOf(values: OptionValues): string {
  return text(values, 'config') ?? process.env.MILLRACE_CONFIG ?? DEFAULT_CONFIG;
}

/**
 * The configuration of that file under the options of the command line. Rejects with a ConfigError. Its code, half of all
 * that there is, is loaded when asked for: a command with `--data` starts in half the time.
 */
export async function configOf(values: OptionValues): Promise<Config> {
  const { loadConfig } = await import('../config/load.ts');
  return loadConfig(configFileOf(values), process.env, overridesOf(values));
}

/** Each setting of that configuration, and who set it. */
export async function settingsIn(values: OptionValues, config: Config): Promise<readonly Setting[]> {
  const { readConfigText } = await import('../config/load.ts');
  const { settingsOf } = await import('../config/settings.ts');
  const file = configFileOf(values);
  return settingsOf(config, readConfigText(file), file, process.env, overridesOf(values));
}

/** Options that override the same key of the file and the environment. */
const OPTION_PATHS: readonly { readonly option: string; readonly path: readonly string[] }[] = [
  { option: 'data', path: ['data'] },
  { option: 'port', path: ['http', 'port'] },
];

function overridesOf(values: OptionValues): Override[] {
  return OPTION_PATHS.flatMap(({ option, path }) => {
    const value = text(values, option);
    return value === undefined ? [] : [{ path, text: value, origin: `--${option}` }];
  });
}

/** `--data`, else the configuration's directory. With `--data` a command needs no valid configuration file. */
export async function dataDirOf(values: OptionValues): Promise<string> {
  return text(values, 'data') ?? (await configOf(values)).dataDir;
}

/** The configuration of the file that `--config` names; null without one. Rejects with a ConfigError. */
export async function namedConfigOf(values: OptionValues): Promise<Config | null> {
  return text(values, 'config') === undefined ? null : await configOf(values);
}

/** The action word of a command. Throws a UsageError with the nearest known word. */
export function actionOf<A extends string>(
  command: string,
  [word, ...rest]: readonly string[],
  actions: readonly A[],
): A {
  const known = actions.map((action) => `${command} ${action}`).join(', ');
  if (word === undefined) throw new UsageError(`say what to do: ${known}`);
  const action = actions.find((candidate) => candidate === word);
  if (action === undefined) {
    const nearest = nearestWord(word, actions);
    throw new UsageError(
      `there is no ${command} ${word}; ${nearest === undefined ? `known: ${known}` : `did you mean ${command} ${nearest}?`}`,
    );
  }
  if (rest.length > 0) throw new UsageError(`${command} ${action} takes no further word; there was ${rest.join(' ')}`);
  return action;
}

/** Throws a UsageError when there are words: the command takes none. */
export function noWords(command: string, words: readonly string[]): void {
  if (words.length > 0) throw new UsageError(`${command} takes no further word; there was ${words.join(' ')}`);
}

/** Writes to standard output with control characters escaped, and waits when the reader is slow. */
export async function print(line: string): Promise<void> {
  if (!process.stdout.write(`${printable(line)}\n`))
    await new Promise<void>((resolve) => process.stdout.once('drain', resolve));
}

/** Rows as an aligned table. */
export function tableText(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const [first] = rows;
  if (first === undefined) return '(no rows)';
  const columns = Object.keys(first);
  const titles = columns.map(printableLine);
  const cells = rows.map((row) => columns.map((column) => cellText(row[column])));
  const widths = titles.map((title, i) =>
    cells.reduce((width, row) => Math.max(width, row[i]?.length ?? 0), title.length),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(titles), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)].join('\n');
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  return printableLine(typeof value === 'string' ? value : JSON.stringify(value));
}
