#!/usr/bin/env node
/** The command line: finds the command, checks its words, and turns what goes wrong into a message and an exit code. */
import { parseArgs } from 'node:util';
import type { Command } from './commands/command.ts';
import { EXIT, UsageError } from './commands/exit.ts';
import { ConfigError } from './config/config.ts';
import { nearestWord } from './config/suggest.ts';
import { JournalError } from './journal/error.ts';

/** Loaded when asked for: `millrace --help` must not wait for DuckDB. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./commands/start.ts')).startCommand,
  run: async () => (await import('./commands/run.ts')).runCommand,
  replay: async () => (await import('./commands/replay.ts')).replayCommand,
  query: async () => (await import('./commands/query.ts')).queryCommand,
  digest: async () => (await import('./commands/digest.ts')).digestCommand,
  journal: async () => (await import('./commands/journal.ts')).journalCommand,
  config: async () => (await import('./commands/config.ts')).configCommand,
};

async function main(words: readonly string[]): Promise<number> {
  const [name, ...rest] = words;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(await overallHelp());
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  const load = COMMANDS[name];
  if (load === undefined) {
    const nearest = nearestWord(name, Object.keys(COMMANDS));
    throw new UsageError(`there is no command ${name}${nearest === undefined ? '' : `; did you mean ${nearest}?`}`);
  }
  const command = await load();
  const options = {
    ...command.options,
    help: { type: 'boolean' as const, short: 'h' },
    debug: { type: 'boolean' as const },
  };
  const { values, positionals } = parseWords(rest, options, command.name);
  if (values.help === true) {
    process.stdout.write(`millrace ${command.usage}\n\n${command.summary}\n`);
    return EXIT.ok;
  }
  return command.run(values, positionals);
}

function parseWords(words: readonly string[], options: Command['options'], command: string) {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, strict: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const word = /'(--[^ '=]+)/.exec(message)?.[1];
    const nearest = word === undefined ? undefined : nearestWord(word.slice(2), Object.keys(options));
    const hint = nearest === undefined ? `see millrace ${command} --help` : `did you mean --${nearest}?`;
    throw new UsageError(`${message.split('. ')[0]}; ${hint}`);
  }
}

async function overallHelp(): Promise<string> {
  const lines = await Promise.all(
    Object.values(COMMANDS).map(async (load) => {
      const { name, summary } = await load();
      return `  ${name.padEnd(9)} ${summary}`;
    }),
  );
  return `millrace COMMAND [OPTIONS]\n\n${lines.join('\n')}\n\nmillrace COMMAND --help says more.\n`;
}

/** The exit code for what was thrown, after its message. */
function report(error: unknown): number {
  if (error instanceof UsageError) {
    process.stderr.write(`millrace: ${error.message}\n`);
    return EXIT.usage;
  }
  if (error instanceof ConfigError) {
    process.stderr.write(`${error.message}\n`);
    return EXIT.badConfig;
  }
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`millrace: ${message}\n`);
  const debug = process.argv.includes('--debug') && !(error instanceof JournalError);
  if (debug && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
  return EXIT.failed;
}

// A reader that has seen enough, such as head, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.exitCode = report(error);
  },
);
