/** A tutorial of docs/tutorials, run: its blocks of shell in one session in an empty folder, beside what it says they print. */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { marked } from 'marked';
import { MAIN } from './millrace.ts';

interface Step {
  readonly commands: string;
  /** Lines that it prints, in this order, others between them; `…` stands for anything. */
  readonly printed: readonly string[];
}

function stepsOf(markdown: string): Step[] {
  const steps: { commands: string; printed: string[] }[] = [];
  for (const token of marked.lexer(markdown)) {
    if (token.type !== 'code') continue;
    if (token.lang === 'sh') steps.push({ commands: token.text, printed: [] });
    else if (token.lang === 'text') steps.at(-1)?.printed.push(...token.text.split('\n'));
  }
  return steps;
}

/** What is not printed as the tutorial says, and what failed. */
export async function misprints(path: string, folder: string): Promise<string[]> {
  const steps = stepsOf(readFileSync(path, 'utf8'));
  const script = join(folder, '.tutorial.sh');
  const mark = (i: number) => `=== step ${i}`;
  const blocks = steps.map(({ commands }, i) => `echo '${mark(i)}'\n${commands}`);
  writeFileSync(
    script,
    [
      `npx() { shift; '${process.execPath}' '${MAIN}' "$@"; }`,
      'set -eo pipefail',
      ...blocks,
      `echo '${mark(steps.length)}'`,
    ].join('\n'),
  );
  const output = await outputOf(script, folder);
  return steps.flatMap(({ printed }, i) => {
    const [, rest] = output.split(`${mark(i)}\n`);
    if (rest === undefined) return [`step ${i} was not reached: ${output.slice(-2_000)}`];
    const [text = '', after] = rest.split(mark(i + 1));
    if (after === undefined) return [`step ${i} failed: ${text.slice(-2_000)}`];
    const missing = missingOf(printed, text.split('\n'));
    return missing === null ? [] : [`step ${i} does not print ${missing} in: ${text}`];
  });
}

function missingOf(expected: readonly string[], lines: readonly string[]): string | null {
  let next = 0;
  for (const line of expected) {
    const form = new RegExp(line.trim().split('…').map(escaped).join('.*').replaceAll(/ +/g, ' +'));
    const at = lines.findIndex((each, i) => i >= next && form.test(each));
    if (at === -1) return line;
    next = at + 1;
  }
  return null;
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

/** In a group of its own, so that what a step has left in the background ends with it. */
async function outputOf(script: string, folder: string): Promise<string> {
  // A reader's shell has none of the variables of the npm that runs this.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD)/i.test(name)));
  const child = spawn('bash', [script], { cwd: folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text) => {
      output += text;
    });
  }
  await new Promise((resolve) => child.once('exit', resolve));
  if (child.pid !== undefined) {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // Nothing of it is left.
    }
  }
  return output;
}
