/** Asking a data directory, with or without a running service: the part that several commands share. */

import { askDirectory } from '../channel/ask.ts';
import type { Answered } from '../channel/channel-client.ts';
import { RequestError } from '../channel/channel-commands.ts';
import { namedStores } from '../channel/named-stores.ts';
import { parseDuration } from '../keys/units.ts';
import { printable } from '../messages/printable.ts';
import {
  CONFIG_OPTION,
  DATA_OPTION,
  dataDirOf,
  JSON_OPTION,
  namedConfigOf,
  type OptionValues,
  text,
} from './command.ts';
import { UsageError } from './exit.ts';

export const ASK_OPTIONS = {
  ...CONFIG_OPTION,
  ...DATA_OPTION,
  ...JSON_OPTION,
  timeout: { type: 'string', value: 'TIME', help: 'how long it may take, such as 30s or 5m' },
} as const;

export interface Asked {
  readonly command: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly defaultTimeout: string;
  readonly limit?: number;
  /** Which stores of the pipeline file are asked where no service runs: that of a name, all that `--config` names, or none. */
  readonly stores?: { readonly named: string } | 'of-config';
}

/** Gives the rows as they come. Throws a UsageError when the words can't be taken. */
export async function* ask(values: OptionValues, asked: Asked): AsyncGenerator<Answered> {
  const { command, request, limit = Number.MAX_SAFE_INTEGER } = asked;
  const timeoutMs = timeoutOf(text(values, 'timeout') ?? asked.defaultTimeout);
  const note = (message: string): void => void process.stderr.write(`millrace: ${printable(message)}\n`);
  try {
    const dataDir = await dataDirOf(values);
    yield* askDirectory(
      dataDir,
      { command, request, timeoutMs, limit },
      note,
      await declaredOf(values, dataDir, asked.stores),
    );
  } catch (error) {
    throw error instanceof RequestError ? new UsageError(error.message) : error;
  }
}

async function declaredOf(values: OptionValues, dataDir: string, stores: Asked['stores']) {
  if (stores === undefined) return [];
  const config = await namedConfigOf(values);
  if (stores === 'of-config') return config === null ? [] : namedStores(dataDir, config);
  return (await namedStores(dataDir, config)).filter(({ name }) => name === stores.named);
}

function timeoutOf(word: string): number {
  const timeoutMs = parseDuration(/^\d+$/.test(word) ? `${word}s` : word);
  if (timeoutMs === null || timeoutMs <= 0) throw new UsageError(`${word} is no time for --timeout; write 30s or 5m`);
  return Math.ceil(timeoutMs);
}

export function limitOf(values: OptionValues, standard: number): number {
  const word = text(values, 'limit');
  if (word === undefined) return standard;
  const limit = Number(word);
  if (!/^\d+$/.test(word) || !Number.isSafeInteger(limit) || limit < 1) {
    throw new UsageError(`${word} is no number of rows for --limit`);
  }
  return limit;
}

/** All rows at once. */
export async function answered(
  values: OptionValues,
  asked: Asked,
): Promise<{ readonly rows: readonly Readonly<Record<string, unknown>>[]; readonly isCut: boolean }> {
  const rows: Readonly<Record<string, unknown>>[] = [];
  let isCut = false;
  for await (const answer of ask(values, asked)) {
    rows.push(...answer.rows);
    isCut = answer.isCut;
  }
  return { rows, isCut };
}
