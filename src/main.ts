#!/usr/bin/env node
/** The command line: finds the command, checks its words, and turns what goes wrong into a message and an exit code. */
import { readFileSync } from 'node:fs';
import module from 'node:module';
import { parseArgs } from 'node:util';
import type { Command } from './commands/command.ts';
import { DependencyError, EXIT, UsageError } from './commands/exit.ts';
import { COMMON_OPTIONS, commandHelp } from './commands/help.ts';
import { ConfigError } from './config/config-error.ts';
import { printable } from './messages/printable.ts';
import { nearestWord } from './nearest-word.ts';

/** A command is loaded when asked for: help must not wait for DuckDB, nor fail with a command that can't be loaded. */
interface Entry {
  readonly summary: string;
  load(): Promise<Command>;
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  init: {
    summary: 'write a project of your own: a pipeline file, an operator, its test',
    load: async () => (await import('./commands/init.ts')).initCommand,
  },
  start: {
    summary: 'start the service and its page',
    load: async () => (await import('./commands/start.ts')).startCommand,
  },
  run: {
    summary: 'run the whole pipeline over files to their end',
    load: async () => (await import('./commands/run.ts')).runCommand,
  },
  replay: {
    summary: 'rebuild the read models from the journal',
    load: async () => (await import('./commands/replay.ts')).replayCommand,
  },
  query: {
    summary: 'run one SELECT against a read model',
    load: async () => (await import('./commands/query.ts')).queryCommand,
  },
  check: {
    summary: 'hold suites of expectations against a file, a table or a query',
    load: async () => (await import('./commands/check.ts')).checkCommand,
  },
  profile: {
    summary: 'propose a suite of expectations that a file or a table meets',
    load: async () => (await import('./commands/profile.ts')).profileCommand,
  },
  explain: {
    summary: 'say what an alert, a result or an event came of, and what came of it',
    load: async () => (await import('./commands/explain.ts')).explainCommand,
  },
  'check-view': {
    summary: "compare a view with DuckDB's answer to its statement",
    load: async () => (await import('./commands/check-view.ts')).checkViewCommand,
  },
  'explain-view': {
    summary: 'print what a view comes to: its operators, exchanges and state',
    load: async () => (await import('./commands/explain-view.ts')).explainViewCommand,
  },
  export: {
    summary: 'write a stream to a file: Parquet, CSV, JSON lines or Avro',
    load: async () => (await import('./commands/export.ts')).exportCommand,
  },
  import: {
    summary: 'take a file into a stream, of a running service too',
    load: async () => (await import('./commands/import.ts')).importCommand,
  },
  produce: {
    summary: 'send the lines of a file to the topic that a stream is read from',
    load: async () => (await import('./commands/produce.ts')).produceCommand,
  },
  topics: {
    summary: 'list the topics of the Kafka cluster, and who of the pipeline reads and writes them',
    load: async () => (await import('./commands/topics.ts')).topicsCommand,
  },
  features: {
    summary: 'export features as they were computed at each event',
    load: async () => (await import('./commands/features.ts')).featuresCommand,
  },
  model: {
    summary: 'train models on journaled features, and judge them',
    load: async () => (await import('./fraud/commands/model.ts')).modelCommand,
  },
  digest: {
    summary: 'print one hash a projection table and a derived stream',
    load: async () => (await import('./commands/digest.ts')).digestCommand,
  },
  job: {
    summary: 'jobs: list, show, run, pause, cancel and clear them; their runs and logs',
    load: async () => (await import('./commands/job.ts')).jobCommand,
  },
  backfill: {
    summary: 'runs of a job for intervals of the past',
    load: async () => (await import('./commands/backfill.ts')).backfillCommand,
  },
  dlq: {
    summary: 'list, show or replay dead letters: inputs and alerts that were not taken',
    load: async () => (await import('./commands/dlq.ts')).dlqCommand,
  },
  case: {
    summary: 'fraud cases: list, show, take, snooze and close them; suppress hits; what each rule is worth',
    load: async () => (await import('./fraud/commands/case.ts')).caseCommand,
  },
  backtest: {
    summary: 'alerts that other rules would have raised in the past, beside those that were',
    load: async () => (await import('./fraud/commands/backtest.ts')).backtestCommand,
  },
  churn: {
    summary: 'customers who will make no transaction in the next days',
    load: async () => (await import('./fraud/commands/churn.ts')).churnCommand,
  },
  journal: {
    summary: 'inspect, verify, repair, print or prune the journal of a data directory',
    load: async () => (await import('./commands/journal.ts')).journalCommand,
  },
  backup: {
    summary: 'copy a data directory as of one moment, of a running service too',
    load: async () => (await import('./commands/backup.ts')).backupCommand,
  },
  restore: {
    summary: 'make a new data directory of a backup',
    load: async () => (await import('./commands/restore.ts')).restoreCommand,
  },
  config: {
    summary: 'check a configuration, print it with every default, or print its JSON schema',
    load: async () => (await import('./commands/config.ts')).configCommand,
  },
  schema: {
    summary: 'read a file, and write the schema and the stream that it would be',
    load: async () => (await import('./commands/schema.ts')).schemaCommand,
  },
  doctor: {
    summary: 'check that this machine and configuration can run the service',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand,
  },
  bench: {
    summary: 'say how to run the benchmarks',
    load: async () => (await import('./commands/bench.ts')).benchCommand,
  },
};

async function main(words: readonly string[]): Promise<number> {
  const [name, ...rest] = words;
  if (name === undefined) {
    process.stderr.write(overallHelp());
    return EXIT.usage;
  }
  if (name === '--version' || name === '-V') {
    process.stdout.write(`${JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version}\n`);
    return EXIT.ok;
  }
  const asksForHelp = name === '--help' || name === '-h' || name === 'help';
  const [topic] = rest;
  if (asksForHelp && topic === undefined) {
    process.stdout.write(overallHelp());
    return EXIT.ok;
  }
  const command = await entryNamed(asksForHelp ? (topic ?? '') : name).load();
  const { values, positionals } = parseWords(asksForHelp ? ['--help'] : rest, command);
  if (values.help === true) {
    process.stdout.write(commandHelp(command));
    return EXIT.ok;
  }
  return command.run(values, positionals);
}

function entryNamed(name: string): Entry {
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry !== undefined) return entry;
  const nearest = nearestWord(name, Object.keys(COMMANDS));
  const what = name.startsWith('-') ? `the option ${name} stands before a command` : `there is no command ${name}`;
  throw new UsageError(`${what}; ${nearest === undefined ? 'see millrace --help' : `did you mean ${nearest}?`}`);
}

function parseWords(words: readonly string[], { name, options: own }: Command) {
  const options = { ...own, ...COMMON_OPTIONS };
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, strict: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const word = /'(--[^ '=]+)/.exec(message)?.[1];
    const nearest = word === undefined ? undefined : nearestWord(word.slice(2), Object.keys(options));
    const known = nearest !== undefined && `--${nearest}` === word;
    const hint = nearest === undefined || known ? `see millrace ${name} --help` : `did you mean --${nearest}?`;
    throw new UsageError(`${message.split('. ')[0]}; ${hint}`);
  }
}

function overallHelp(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`);
  return `millrace COMMAND [OPTIONS]\n\n${lines.join('\n')}\n\nmillrace COMMAND --help says more.\n`;
}

/** The exit code for what was thrown, after its message. */
function report(error: unknown): number {
  const message = printable(error instanceof Error ? error.message : String(error));
  process.stderr.write(error instanceof ConfigError ? `${message}\n` : `millrace: ${message}\n`);
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof ConfigError) return EXIT.badConfig;
  const debug = process.argv.includes('--debug') || process.env.LOG === 'debug';
  for (let cause = error; debug && cause instanceof Error; cause = cause.cause)
    process.stderr.write(`${printable(String(cause.stack))}\n`);
  return error instanceof DependencyError ? EXIT.dependencyDown : EXIT.failed;
}

// A reader that has seen enough, such as head, is no error; neither is a terminal that is gone.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok);
  throw error;
});
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
process.on('uncaughtException', (error) => process.exit(report(error)));

/**
 * From Node 22.1 on the next start reads compiled code, of this process and of those that it starts, from the system's temporary
 * directory. NODE_COMPILE_CACHE=… says where else; NODE_DISABLE_COMPILE_CACHE=1 does without.
 */
function keepCompiledCode(): void {
  const enable: unknown = Reflect.get(module, 'enableCompileCache');
  const directoryOf: unknown = Reflect.get(module, 'getCompileCacheDir');
  if (typeof enable !== 'function' || typeof directoryOf !== 'function') return;
  enable();
  const directory: unknown = directoryOf();
  if (typeof directory === 'string') process.env.NODE_COMPILE_CACHE = directory;
}

/** Ends with the command: a handle that is still open, such as a thread that is stopping, must not keep the process. */
function end(code: number): void {
  process.exitCode = code;
  process.stdout.write('', () => process.exit(code));
}

keepCompiledCode();
main(process.argv.slice(2)).then(end, (error: unknown) => end(report(error)));
