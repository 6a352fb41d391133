/** The text of `--help` for one command. */
import type { Command, OptionSpec } from './command.ts';

/** Options that every command takes. */
export const COMMON_OPTIONS = {
  help: { type: 'boolean', short: 'h', help: 'say this' },
  debug: { type: 'boolean', help: 'show the stack of an unexpected error' },
} as const satisfies Readonly<Record<string, OptionSpec>>;

export function commandHelp({ usage, summary, options }: Command): string {
  const rows = Object.entries({ ...options, ...COMMON_OPTIONS }).map(([name, option]) => [
    left(name, option),
    option.help,
  ]);
  const width = Math.max(...rows.map(([words]) => words?.length ?? 0));
  const lines = rows.map(([words = '', help = '']) => `  ${words.padEnd(width)}  ${help}`.trimEnd());
  return `millrace ${usage}\n\n${summary}\n\n${lines.join('\n')}\n`;
}

function left(name: string, { type, short, value = 'VALUE' }: OptionSpec): string {
  return `--${name}${type === 'string' ? ` ${value}` : ''}${short === undefined ? '' : `, -${short}`}`;
}
