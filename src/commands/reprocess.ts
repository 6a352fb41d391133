/** `millrace reprocess`: the results of another pipeline file over what the journal has, beside the live ones. */
import { constants, setPriority } from 'node:os';
import { resolve } from 'node:path';
import { requireJournal } from '../data-directory/require-journal.ts';
import { createLogger } from '../logger.ts';
import type { PrunedStart } from '../reprocess/cuts.ts';
import { dropReprocessed, readReprocessNote, reprocessedDir, reprocessedNames } from '../reprocess/place.ts';
import { reprocess } from '../reprocess/reprocess.ts';
import {
  CONFIG_OPTION,
  type Command,
  configFileOf,
  configOf,
  DATA_OPTION,
  dataDirOf,
  JSON_OPTION,
  type OptionValues,
  print,
  tableText,
  text,
} from './command.ts';
import { timeRange } from './days.ts';
import { EXIT, UsageError } from './exit.ts';
import { type Progress, progressLine } from './progress.ts';

export const reprocessCommand: Command = {
  name: 'reprocess',
  summary: `results of another pipeline file over what the journal has, beside the live ones

  --as NAME   derive them into DATA/reprocessed/NAME, beside a running service too; once more: go on from there
  list        what there is
  drop NAME   remove it
  Then \`promote NAME\` puts them in the place of the live ones.`,
  usage: 'reprocess --as NAME [--from TIME] --config FILE [--data DIR] [--json] | list | drop NAME',
  options: {
    ...CONFIG_OPTION,
    ...DATA_OPTION,
    ...JSON_OPTION,
    as: { type: 'string', value: 'NAME', help: 'what they are called' },
    from: {
      type: 'string',
      value: 'TIME',
      help: 'what was committed before keeps its results, else all is derived anew; earliest: all that is kept of pruned logs',
    },
  },
  async run(values, [action, ...rest]) {
    const name = text(values, 'as');
    if (action === 'list' && rest.length === 0) return list(values);
    if (action === 'drop' && rest.length === 1) return drop(values, rest[0]!);
    if (action !== undefined || name === undefined) {
      throw new UsageError(
        'say how the results are called, reprocess --as NAME; or: reprocess list, reprocess drop NAME',
      );
    }
    const from = text(values, 'from');
    const fromEarliest = from === EARLIEST;
    const fromMs = from === undefined || fromEarliest ? null : timeRange(from, undefined).fromMs;
    const config = await configOf(values);
    const dataDir = await dataDirOf(values);
    requireJournal(dataDir);
    giveWay();
    const startedAt = performance.now();
    let progress: Progress | null = null;
    let events = 0;
    const { directory, logs, pruned } = await reprocess({
      ...{ config, dataDir, name, configFile: resolve(configFileOf(values)), logger: createLogger('error') },
      fromMs,
      fromEarliest,
      onTotal(total) {
        progress = progressLine('reprocessing', total, { quiet: values.json === true });
      },
      onEvents(more) {
        events += more;
        progress?.update(events);
      },
    });
    const seconds = (performance.now() - startedAt) / 1000;
    if (values.json === true) await print(JSON.stringify({ name, directory, events, seconds, logs, pruned }));
    else {
      const count = (of: 'inputEvents' | 'derivedEvents') =>
        logs.reduce((sum, log) => sum + log[of], 0).toLocaleString('en');
      await print(
        `${name}: ${count('inputEvents')} events of input, ${count('derivedEvents')} derived in the logs of streams, in ${seconds.toFixed(1)} s\n` +
          incompleteBefore(pruned) +
          `Look at it with --data ${directory}, as in: millrace query --store duckdb "…" --data ${directory}\n` +
          `Then: millrace promote ${name}, or millrace reprocess drop ${name}`,
      );
    }
    return EXIT.ok;
  },
};

/** The word of Kafka for where a log begins. */
const EARLIEST = 'earliest';

/** Since when results are whole, where the beginnings of logs are gone; nothing where all are there. */
function incompleteBefore(pruned: readonly PrunedStart[]): string {
  if (pruned.length === 0) return '';
  const lines = pruned.map(({ log, offset, committedAt }) => {
    const since = committedAt === null ? 'nothing of it is kept' : new Date(committedAt).toISOString();
    return `  ${log} begins at offset ${offset}: ${since}\n`;
  });
  return (
    `Events before these were pruned, so there are no results of them:\n${lines.join('')}` +
    'Windows, sessions, joins and features that reach back before these times lack what was pruned; later ones are whole.\n'
  );
}

/** Live work goes first where both want a core. */
function giveWay(): void {
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Where it may not be lowered, both have the same.
  }
}

async function list(values: OptionValues): Promise<number> {
  const dataDir = await dataDirOf(values);
  const rows = reprocessedNames(dataDir).map((name) => {
    const note = readReprocessNote(dataDir, name);
    const from = note?.fromMs ?? null;
    return {
      name,
      state: note === null ? 'unfinished' : 'made',
      from: note?.fromEarliest === true ? EARLIEST : from === null ? null : new Date(from).toISOString(),
      config: note?.configFile ?? null,
      data: reprocessedDir(dataDir, name),
    };
  });
  await print(values.json === true ? JSON.stringify(rows) : tableText(rows));
  return EXIT.ok;
}

async function drop(values: OptionValues, name: string): Promise<number> {
  if (!dropReprocessed(await dataDirOf(values), name)) {
    throw new UsageError(`nothing that was reprocessed is called ${name}: reprocess list names what is`);
  }
  await print(`dropped ${name}; the live results are as they were`);
  return EXIT.ok;
}
