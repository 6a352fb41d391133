/** `dbt: { command: [dbt, run, "--vars", "{interval.start|date}"] }`: a command that the pipeline file allows, without a shell. */
import { z } from 'zod';
import { unknownName } from '../keys/names.ts';
import { REDACTED } from '../keys/value-schema.ts';
import { stepAdapter } from './adapter.ts';
import { keptEnv, tellsOf } from './command-env.ts';
import { checkText, textOf } from './step-text.ts';

export const commandStep = stepAdapter({
  kind: 'command',
  schema: z
    .array(z.string())
    .min(1)
    .describe(
      'A command that `commands` lists, and its arguments, which may have places such as {interval.start|date}.',
    ),
  beside: {
    env: z
      .record(z.string(), z.string())
      .default({})
      .describe('What its environment has beside PATH, HOME and the like.'),
    cwd: z.string().default('.').describe('The directory that it runs in; relative to the pipeline file.'),
  },
  derive: (command, { env, cwd }, resolve) => ({ command, env, directory: resolve(cwd) }),
  print: ({ command, env, directory }) => [command, { env, cwd: directory }],
  redact: (settings) => ({
    ...settings,
    env: Object.fromEntries(Object.keys(settings.env).map((name) => [name, REDACTED])),
  }),
  check({ command: [name = '', ...args], env }, place, report) {
    if (!place.commands.includes(name)) {
      const known = unknownName('command', name, place.commands);
      report(
        ['command', '0'],
        `${known}; a command runs only when \`commands: [${name}]\` at the top of the file allows it`,
      );
    }
    for (const [index, arg] of args.entries()) checkText(arg, place, ['command', String(index + 1)], report);
    for (const [key, value] of Object.entries(env)) checkText(value, place, ['env', key], report);
  },
  open: ({ command: [name = '', ...args], env, directory }, { processes }) => ({
    async attempt(context, signal) {
      const own = Object.entries(env).map(([key, value]) => [key, textOf(value, context)]);
      const task = {
        command: name,
        args: args.map((arg) => textOf(arg, context)),
        directory,
        env: { ...keptEnv(), ...tellsOf(context), ...Object.fromEntries(own) },
      };
      const end = await processes.runCommand(task, signal, context.log);
      if (end.kind === 'unusable') return { kind: 'permanent', reason: end.reason };
      if (end.kind === 'died') return { kind: 'retryable', reason: end.reason, waitMs: null };
      const { exitCode, stdout } = end;
      if (exitCode === 0) return { kind: 'done', records: 0, output: stdout === null ? null : outputOf(stdout) };
      return { kind: 'retryable', reason: `${name} ended with exit code ${exitCode}; see its log`, waitMs: null };
    },
  }),
});

/** What it wrote, when that is JSON; else its text. */
function outputOf(stdout: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    return stdout.trim();
  }
}
