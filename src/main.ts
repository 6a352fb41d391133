#!/usr/bin/env node
/** The command line: finds the command, checks its words, and turns what goes wrong into a message and an exit code. */
import { readFileSync } from 'node:fs';
import module from 'node:module';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { COMMANDS, type CommandEntry } from './command-list.ts';
import type { Command } from './commands/command.ts';
import { EXIT, UsageError } from './commands/exit.ts';
import { COMMON_OPTIONS, commandHelp } from './commands/help.ts';
import { ConfigError } from './config/config-error.ts';
import { isDependencyDown } from './dependency-down.ts';
import { printable } from './messages/printable.ts';
import { nearestWord } from './nearest-word.ts';

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
  const entry = entryNamed(asksForHelp ? (topic ?? '') : name);
  if (!LONG_LIVED.has(name)) compileLess();
  const command = await entry.load();
  const { values, positionals } = parseWords(asksForHelp ? ['--help'] : rest, command);
  if (values.help === true) {
    process.stdout.write(commandHelp(command));
    return EXIT.ok;
  }
  return command.run(values, positionals);
}

function entryNamed(name: string): CommandEntry {
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
    throw new UsageError(`${message.split(/\.\s/)[0]}; ${hint}`);
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
  return isDependencyDown(error) ? EXIT.dependencyDown : EXIT.failed;
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

/** Commands whose process runs for long, or computes from its first second on. */
const LONG_LIVED: ReadonlySet<string> = new Set(['start', 'replay']);

/**
 * V8 optimises a function after some 66 KB of its bytecode have run, and half of what a short command costs is that. Here it does so
 * after 1 MB, and the space for new objects, which begins small, grows at once instead of by twos.
 */
function compileLess(): void {
  // Node 22 and later have no such flag, and their V8 would say so on standard error.
  if (process.versions.node.startsWith('20.')) setFlagsFromString('--interrupt-budget=1000000');
  setFlagsFromString('--semi-space-growth-factor=16');
}

/** Ends with the command: a handle that is still open, such as a thread that is stopping, must not keep the process. */
function end(code: number): void {
  process.exitCode = code;
  process.stdout.write('', () => process.exit(code));
}

keepCompiledCode();
main(process.argv.slice(2)).then(end, (error: unknown) => end(report(error)));
