/** `millrace run`: files in, results out, as fast as it goes. */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Config } from '../config/config.ts';
import { createLogger } from '../logger.ts';
import { printable } from '../messages/printable.ts';
import { isComplete, runInputs } from '../run/run.ts';
import { CONFIG_OPTION, type Command, configOf, JSON_OPTION, noWords, print, text } from './command.ts';
import { EXIT, UsageError } from './exit.ts';
import { progressLine } from './progress.ts';
import { shareWarnings, summaryJson, summaryText } from './run-summary.ts';

export const runCommand: Command = {
  name: 'run',
  summary: 'run the whole pipeline over files to their end',
  usage:
    'run --config FILE --input STREAM=FILE … [--output FILE|-] [--only NAME,…] [--data DIR] [--partitions N] ' +
    '[--no-flush] [--fail-on-dead-letter] [--warn-above SHARE] [--json] [--quiet]',
  options: {
    ...CONFIG_OPTION,
    data: { type: 'string', value: 'DIR', help: 'where everything is kept; without it the journal is temporary' },
    ...JSON_OPTION,
    input: {
      type: 'string',
      multiple: true,
      value: 'STREAM=FILE',
      help: 'a file, or a pattern such as in/*.csv, and the stream that it is for; may be repeated',
    },
    output: { type: 'string', value: 'FILE', help: 'write what is derived as JSON lines; - for standard output' },
    only: { type: 'string', value: 'NAME,…', help: 'of what is derived, write these streams only' },
    partitions: { type: 'string', value: 'N', help: 'of every stream, instead of what the configuration says' },
    'no-flush': { type: 'boolean', help: 'leave windows and sessions open at the end of input' },
    'fail-on-dead-letter': { type: 'boolean', help: 'exit with 3 when there was one' },
    'warn-above': { type: 'string', value: 'SHARE', help: 'warn when more became dead letters: 1% by default' },
    quiet: { type: 'boolean', help: 'no progress and no summary' },
  },
  async run(values, words) {
    noWords('run', words);
    const quiet = values.quiet === true;
    const inputs = inputsOf(values.input);
    const warnAbove = shareOf(text(values, 'warn-above') ?? '1%');
    const config = await configOf(values);
    const temporary = text(values, 'data') === undefined;
    if (temporary) refuseTemporaryJournal(config);
    const progress = progressLine('running', null, { quiet });
    const summary = await runInputs({
      config: { ...config, streams: withPartitions(config.streams, text(values, 'partitions')) },
      logger: createLogger(quiet ? 'error' : 'warn'),
      inputs,
      temporary,
      flush: values['no-flush'] !== true,
      only: text(values, 'only')?.split(',') ?? [],
      output: outputOf(text(values, 'output')),
      onProgress: (events) => progress.update(events),
    });
    progress.end();
    if (values.json === true) await print(summaryJson(summary));
    else if (!quiet) process.stderr.write(printable(summaryText(summary)));
    if (!quiet) for (const line of shareWarnings(summary, warnAbove)) process.stderr.write(printable(line));
    if (!isComplete(summary)) {
      const { in: read, already, committed, deadLetters } = summary;
      process.stderr.write(
        `millrace: ${read} records were read, and of these ${already} were in the journal already, ${committed} were ` +
          `committed and ${deadLetters} became dead letters, which is not all of them. Nothing of this run is certain: ` +
          'keep the data directory and report it, and run the whole input into another one.\n',
      );
      return EXIT.checkFailed;
    }
    for (const { store, lacks, problem } of summary.lacking) {
      process.stderr.write(
        `millrace: the store ${store} lacks ${lacks.toLocaleString('en')} events: ${problem}. The journal has them: ` +
          `\`millrace start\` on this data, or the same run again, goes on from there.\n`,
      );
    }
    if (summary.lacking.length > 0) return EXIT.dependencyDown;
    return values['fail-on-dead-letter'] === true && summary.deadLetters > 0 ? EXIT.checkFailed : EXIT.ok;
  },
};

/** A store that somebody else keeps goes on from one journal: it could take nothing of the next temporary one. */
function refuseTemporaryJournal({ stores, dataDir }: Config): void {
  const [store] = stores.declared;
  if (store === undefined) return;
  throw new UsageError(
    `the store ${store.name} goes on from one journal, and without --data the journal is temporary: write --data ${dataDir}`,
  );
}

function inputsOf(words: unknown): { stream: string; file: string }[] {
  if (!Array.isArray(words) || words.length === 0) throw new UsageError('name an input: --input STREAM=FILE');
  return words.map((word) => {
    const text = String(word);
    const equals = text.indexOf('=');
    if (equals < 1) throw new UsageError(`${text} is not STREAM=FILE`);
    return { stream: text.slice(0, equals), file: text.slice(equals + 1) };
  });
}

/** `1%` or `0.01`, as 0.01. */
function shareOf(word: string): number {
  const [, digits, sign] = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(word) ?? [];
  const share = Number(digits) / (sign === '%' ? 100 : 1);
  if (share >= 0 && share <= 1) return share;
  throw new UsageError(`--warn-above ${word} is no share such as 1% or 0.01`);
}

function withPartitions<S extends { readonly partitions: number }>(
  streams: readonly S[],
  word: string | undefined,
): S[] {
  if (word === undefined) return [...streams];
  const partitions = Number(word);
  if (!Number.isInteger(partitions) || partitions < 1 || partitions > 64) {
    throw new UsageError(`--partitions ${word} is not a whole number from 1 to 64`);
  }
  return streams.map((stream) => ({ ...stream, partitions }));
}

/** The target of the results: a file, standard output for `-`, nowhere without the option. */
function outputOf(target: string | undefined): ((lines: AsyncIterable<string>) => Promise<void>) | null {
  if (target === undefined) return null;
  return async (lines) => {
    const stream = target === '-' ? process.stdout : createWriteStream(target);
    // A file gets the bytes as they are; a terminal must not obey control characters.
    const shown = target === '-' && process.stdout.isTTY ? printable : (line: string) => line;
    for await (const line of lines) if (!stream.write(`${shown(line)}\n`)) await once(stream, 'drain');
    if (stream !== process.stdout) {
      stream.end();
      await once(stream, 'close');
    }
  };
}
