import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { namePattern, settledFiles } from '../../src/jobs/file-trigger.ts';
import { createJobWorld, DONE, jobOf } from './job-world.ts';

const FILE = { path: '/in/a:1.csv', bytes: 7, modifiedMs: 1_700_000_000_000.25 };
const trigger = { kind: 'file', path: '/in/*.csv', everyMs: 1000 } as const;

function worldOf() {
  const world = createJobWorld([jobOf({ trigger })], Date.parse('2026-01-01T00:00:00Z'));
  return { world, offer: (file = FILE) => world.command({ kind: 'file', job: 'j', file }) };
}

function finish({ world }: ReturnType<typeof worldOf>): void {
  for (const attempt of world.working()) world.end(attempt, DONE);
}

describe('a file', () => {
  it('starts one run, which knows its path, however often it is found', () => {
    const one = worldOf();
    one.offer();
    one.offer();
    finish(one);
    one.offer();
    expect(one.world.runs()).toHaveLength(3);
    const [first] = one.world.journal;
    expect(first?.kind === 'run' && JSON.parse(first.event.params)).toEqual({ file: FILE.path });
  });

  it('that was found before a kill has its run after it, and no other', () => {
    const one = worldOf();
    one.offer();
    one.world.restart(60_000);
    one.offer();
    one.world.advance(60_000);
    const made = one.world.journal.filter(({ kind, event }) => kind === 'run' && event.state === 'queued');
    expect(made).toHaveLength(1);
  });

  it('that has changed starts another, and several at one moment have a run each', () => {
    const one = worldOf();
    one.offer();
    one.offer({ ...FILE, bytes: 8 });
    one.offer({ ...FILE, path: '/in/b.csv' });
    expect(new Set(one.world.journal.flatMap(({ kind, event }) => (kind === 'run' ? [event.runId] : []))).size).toBe(3);
  });

  it('that comes while its job is paused starts its run when that is resumed', () => {
    const one = worldOf();
    one.world.command({ kind: 'pause', job: 'j' });
    expect(one.offer()).toMatchObject({ kind: 'refused' });
    one.world.command({ kind: 'resume', job: 'j' });
    expect(one.offer()).toMatchObject({ kind: 'done', message: 'queued' });
  });

  it('that still grows has not arrived', () => {
    const grown = { ...FILE, bytes: 9 };
    expect(settledFiles([FILE], [grown])).toEqual([]);
    expect(settledFiles([grown], [grown, { ...FILE, path: '/in/b.csv' }])).toEqual([grown]);
  });

  it.each([
    ['*.csv', 'a.csv', true],
    ['*.csv', 'a.csv.tmp', false],
    ['day-??.json', 'day-01.json', true],
    ['day-??.json', 'day-001.json', false],
    ['a+(b).txt', 'a+(b).txt', true],
  ])('%s is like %s: %s', (pattern, name, is) => expect(namePattern(pattern).test(name)).toBe(is));
});

describe('a trigger by files', () => {
  const file = (
    on: string,
    text: string,
  ) => `streams: { s: { builtin: WeatherObservation, key: place, eventTime: observedAt } }
jobs:
  j:
    schedule: { on: ${on} }
    steps: { a: { wait: { file: "${text}" } } }
`;

  it('gives its steps the path as a parameter', () => {
    const { config } = {
      config: parseConfig(file('{ file: "in/*.csv", every: 2s }', '{params.file}'), '/p/p.yaml', {}),
    };
    expect(config.jobs[0]?.trigger).toEqual({ kind: 'file', path: '/p/in/*.csv', everyMs: 2000 });
  });

  it.each([
    ['{ file: "in/*/a.csv" }', /p.yaml:4:\d+: .*in the name of the file alone/],
    ['{ file: "a.csv", job: j }', /p.yaml:4:\d+: .*one of `job` and `file`/],
  ])('%s is refused with its line', (on, message) => {
    expect(() => parseConfig(file(on, 'x'), '/p/p.yaml', {})).toThrow(message);
  });
});
