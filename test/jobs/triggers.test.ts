import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load.ts';
import { type WindowTimes, windowStartOf, windowTimetable } from '../../src/jobs/timetable.ts';
import { namePattern, settledFiles } from '../../src/jobs/triggers.ts';
import { createJobWorld, DONE, jobOf, stepOf } from './job-world.ts';

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
    ['{ file: "a.csv", job: j }', /p.yaml:4:\d+: .*one of `job`, `file`, `window` and `table`/],
  ])('%s is refused with its line', (on, message) => {
    expect(() => parseConfig(file(on, 'x'), '/p/p.yaml', {})).toThrow(message);
  });
});

describe('a window that has ended', () => {
  const times = { sizeMs: 60_000, everyMs: 60_000, offsetMs: 0, timeZone: null };
  const at = (iso: string): number => Date.parse(iso);
  const done = (world: ReturnType<typeof createJobWorld>): string[] => {
    for (const attempt of [...world.working()]) world.end(attempt, DONE);
    return world.journal.flatMap(({ kind, event }) =>
      kind === 'run' && event.state === 'success'
        ? [`${new Date(event.intervalStart).toISOString()} ${event.runId} ${event.trigger}`]
        : [],
    );
  };

  it('starts one run of its interval once event time is past it, whatever the clock says and whatever ends the process', () => {
    let time: number | null = null;
    const steps = [stepOf('a', { retry: { retries: 3, baseMs: 1000, factor: 2, capMs: 60_000 } })];
    const job = jobOf({ trigger: { kind: 'window', window: 'w', times }, catchup: 'all', overlap: 'queue', steps });
    const world = createJobWorld([job], at('2026-01-01T00:00:00Z'), {}, () => time);
    world.decide();
    time = at('2020-05-05T10:00:59.999Z');
    world.advance(1000);
    expect(done(world)).toEqual(['2020-05-05T09:59:00.000Z j@2020-05-05T10:00:00.000Z window:w']);
    time = at('2020-05-05T10:02:00Z');
    world.advance(1000);
    world.restart(1000);
    world.decide();
    done(world);
    expect(done(world)).toEqual([
      '2020-05-05T09:59:00.000Z j@2020-05-05T10:00:00.000Z window:w',
      '2020-05-05T10:00:00.000Z j@2020-05-05T10:01:00.000Z window:w',
      '2020-05-05T10:01:00.000Z j@2020-05-05T10:02:00.000Z window:w',
    ]);
  });

  it('of a hopping window begins its size before its end, and a local day has its 23 or 25 hours', () => {
    const ends = (of: WindowTimes, from: string, count: number): string[] => {
      const table = windowTimetable(of);
      let end = at(from);
      return Array.from({ length: count }, () => {
        end = table.next(end) ?? 0;
        expect(table.previous(end + 1)).toBe(end);
        return `${new Date(windowStartOf(of, end)).toISOString()} ${new Date(end).toISOString()}`;
      });
    };
    expect(ends({ ...times, sizeMs: 600_000, everyMs: 300_000 }, '2026-01-01T00:00:00Z', 2)).toEqual([
      '2025-12-31T23:55:00.000Z 2026-01-01T00:05:00.000Z',
      '2026-01-01T00:00:00.000Z 2026-01-01T00:10:00.000Z',
    ]);
    const day = 86_400_000;
    const local = { sizeMs: day, everyMs: day, offsetMs: 0, timeZone: 'America/New_York' };
    expect(ends(local, '2026-03-08T05:00:00Z', 1)).toEqual(['2026-03-08T05:00:00.000Z 2026-03-09T04:00:00.000Z']);
    expect(ends(local, '2026-11-01T04:00:00Z', 1)).toEqual(['2026-11-01T04:00:00.000Z 2026-11-02T05:00:00.000Z']);
  });
});

describe('a job table that is published', () => {
  it('starts one run, of the interval that it was published for, also of what came while nothing ran', () => {
    const hourly = jobOf({ trigger: { kind: 'cron', expression: '0 * * * *', timeZone: 'UTC' } });
    const after = jobOf({ name: 'k', trigger: { kind: 'table', table: 't' } });
    const world = createJobWorld([hourly, after], Date.parse('2026-01-01T10:30:00Z'));
    world.decide();
    const [attempt] = world.working();
    world.publish('t', 'j', attempt?.runId ?? '');
    world.publish('other', 'j', attempt?.runId ?? '');
    world.decide();
    for (const each of world.working()) world.end(each, DONE);
    world.restart(1000);
    world.decide();
    const made = world.journal.filter(
      ({ kind, event }) => kind === 'run' && event.job === 'k' && event.state === 'queued',
    );
    expect(made.map(({ event }) => ('intervalEnd' in event ? event.intervalEnd : 0))).toEqual([
      Date.parse('2026-01-01T10:00:00Z'),
    ]);
    world.publish('t', 'j', 'j@later');
    expect(world.runs().filter((line) => line.startsWith('k') && line.endsWith('queued'))).toHaveLength(2);
  });
});
