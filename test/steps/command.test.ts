import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { commandStep } from '../../src/steps/command.ts';
import { runCommand, runModule, runOwn } from '../../src/workers/step-process.ts';
import { attemptContext } from './attempt-context.ts';
import { hostOf } from './step-host.ts';

async function attempted(command: readonly string[], signal = new AbortController().signal) {
  const log: string[] = [];
  const host = hostOf({ processes: { runModule, runCommand, runOwn } });
  const settings = { kind: 'command', command, env: { GIVEN: '{params.p}' }, directory: '/' };
  const step = commandStep.open(settings, host);
  const context = attemptContext({ params: { p: '$(x)' }, log: (level, line) => void log.push(`${level} ${line}`) });
  return { outcome: await step?.attempt(context, signal), log };
}

const sh = (script: string, ...args: readonly string[]) => ['/bin/sh', '-c', script, 'sh', ...args];

describe.concurrent('a step command', () => {
  it('has its filled arguments as they are, an environment of its own, and what it writes as log and output', async () => {
    process.env.MILLRACE_TEST_SECRET = 'hidden';
    const script = 'echo said >&2; printf \'{"a":"%s","e":"%s","s":"%s"}\' "$1" "$GIVEN" "$MILLRACE_TEST_SECRET"';
    const { outcome, log } = await attempted(sh(script, '{interval.start|date}; {params.p}'));
    expect(outcome).toEqual({ kind: 'done', records: 0, output: { a: '2026-01-01; $(x)', e: '$(x)', s: '' } });
    expect(log.toSorted()).toEqual(['info {"a":"2026-01-01; $(x)","e":"$(x)","s":""}', 'warn said']);
  });

  it.each([
    ['ends with another exit code than 0', sh('exit 3'), 'retryable', /exit code 3/],
    ['is killed', sh('kill -9 $$'), 'retryable', /ended by SIGKILL/],
    ['is not there', ['/no/such/command'], 'permanent', /can't be run: .*ENOENT/],
  ])('that %s has failed', async (_, command, kind, reason) => {
    expect((await attempted(command)).outcome).toMatchObject({ kind, reason: expect.stringMatching(reason) });
  });

  it('that hangs is ended with all that it has started', async () => {
    const end = new AbortController();
    const log: string[] = [];
    const host = hostOf({ processes: { runModule, runCommand, runOwn } });
    const settings = {
      kind: 'command',
      command: sh('trap "" TERM; sleep 60 & echo $!; wait; sleep 60'),
      env: {},
      directory: '/',
    };
    const said = (line: string): void => {
      log.push(line);
      end.abort(new Error('out of time'));
    };
    const attempt = commandStep
      .open(settings, host)
      ?.attempt(attemptContext({ log: (_, line) => said(line) }), end.signal);
    await expect(attempt).rejects.toThrow('out of time');
    // One that has ended stays as a zombie where nothing collects it.
    const stat = `/proc/${Number(log[0])}/stat`;
    expect(['gone', 'Z', 'X']).toContain(existsSync(stat) ? readFileSync(stat, 'utf8').split(') ')[1]?.[0] : 'gone');
  });

  it('that the file does not allow is refused with its line', () => {
    const text = `streams: { s: { builtin: WeatherObservation, key: place, eventTime: observedAt } }
commands: [dbt]
jobs:
  j: { steps: { a: { command: [rm, "-rf"] } } }
`;
    expect(() => parseConfig(text, 'p.yaml', {})).toThrow(/p.yaml:4:\d+: .*rm.*`commands: \[rm\]`/);
  });
});
