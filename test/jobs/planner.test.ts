import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alertsOf, dueAlerts, type Told } from '../../src/jobs/alerts.ts';
import { type Job, NO_ALERTS } from '../../src/jobs/job.ts';
import { retryDelayMs } from '../../src/jobs/retry.ts';
import { isTerminal } from '../../src/jobs/runs.ts';
import { createJobWorld, DONE, FAILED, jobOf, RETRY, stepOf } from './job-world.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const at = (iso: string): number => Date.parse(iso);
const hourly = { kind: 'cron', expression: '0 * * * *', timeZone: 'UTC' } as const;

function runAll(world: ReturnType<typeof createJobWorld>): void {
  for (let attempt = world.working()[0]; attempt !== undefined; attempt = world.working()[0]) world.end(attempt, DONE);
}

describe('the runs of a schedule', () => {
  it('after three days down are all made, oldest first, with catchup all; the latest with latest; none with none', () => {
    const made = (catchup: Job['catchup'], catchupMax = 1000): string[] => {
      const job = jobOf({ trigger: hourly, catchup, catchupMax, overlap: 'queue' });
      const world = createJobWorld([job], at('2026-03-01T00:30:00Z'));
      world.decide();
      runAll(world);
      world.restart(3 * DAY);
      const before = world.runs().length;
      for (let i = 0; i < 100; i++) runAll(world);
      return world
        .runs()
        .slice(before)
        .concat(world.runs().slice(before - 2, before))
        .filter((line) => line.endsWith('success'));
    };
    const all = made('all');
    expect(all.length).toBeGreaterThanOrEqual(72);
    expect(all[0]).toContain('2026-03-01T01:00');
    expect(all).toEqual([...all].sort());
    expect(made('all', 5).length).toBe(5);
    expect(made('latest')).toEqual(['j@2026-03-04T00:00:00.000Z success']);
    expect(made('none')).toEqual([]);
  });

  it.each([
    // 2026: clocks go forward on 29 March and back on 25 October in Berlin, 8 March and 1 November in New York.
    ['Europe/Berlin', '30 2 * * *', '2026-03-28T12:00:00Z', ['2026-03-29T01:00:00.000Z', '2026-03-30T00:30:00.000Z']],
    ['Europe/Berlin', '30 2 * * *', '2026-10-24T12:00:00Z', ['2026-10-25T00:30:00.000Z', '2026-10-26T01:30:00.000Z']],
    [
      'America/New_York',
      '30 2 * * *',
      '2026-03-07T12:00:00Z',
      ['2026-03-08T07:00:00.000Z', '2026-03-09T06:30:00.000Z'],
    ],
    [
      'America/New_York',
      '30 1 * * *',
      '2026-10-31T12:00:00Z',
      ['2026-11-01T05:30:00.000Z', '2026-11-02T06:30:00.000Z'],
    ],
  ])(
    'in %s at %s from %s on come once a local day, across the change of the clocks',
    (timeZone, expression, from, ends) => {
      const world = createJobWorld(
        [jobOf({ trigger: { kind: 'cron', expression, timeZone }, catchup: 'none' })],
        at(from),
      );
      for (world.decide(); world.nowMs() < at(from) + 2 * DAY; world.sleep()) runAll(world);
      expect(world.runs().filter((line) => line.endsWith('success'))).toEqual(ends.map((end) => `j@${end} success`));
    },
  );

  it.each([
    ['skip', ['00:00', '00:03'], ['00:01', '00:02'], []],
    ['queue', ['00:00', '00:01', '00:02', '00:03'], [], []],
    ['cancel-previous', ['00:03'], [], ['00:00', '00:01', '00:02']],
  ] as const)('that overlap: %s', (overlap, success, skipped, cancelled) => {
    const trigger = { kind: 'every', everyMs: MINUTE } as const;
    const world = createJobWorld([jobOf({ trigger, overlap })], at('2026-01-01T00:00:00Z'));
    world.decide();
    const stopCancelled = (): void => {
      for (const attempt of world.working()) {
        const run = world.state().jobs.get('j')?.open.get(attempt.runId);
        if (run?.event.ending === 'cancelled') world.end(attempt, { kind: 'stopped', reason: 'x' });
      }
    };
    for (let minute = 0; minute < 2; minute++) {
      world.advance(MINUTE);
      stopCancelled();
    }
    if (overlap !== 'cancel-previous') runAll(world);
    world.advance(MINUTE);
    stopCancelled();
    runAll(world);
    const ended = (state: string): string[] =>
      world.runs().flatMap((line) => (line.endsWith(` ${state}`) ? [line.slice(13, 18)] : []));
    expect([ended('success'), ended('skipped'), ended('cancelled')]).toEqual([success, skipped, cancelled]);
  });

  it('of a job that waits for another one begins with its success, in the same batch, and covers its interval', () => {
    const after = jobOf({ name: 'k', trigger: { kind: 'job', job: 'j' } });
    const world = createJobWorld([jobOf({ trigger: hourly }), after], at('2026-01-01T10:30:00Z'));
    world.decide();
    runAll(world);
    expect(world.runs().filter((line) => line.startsWith('k'))).toEqual([
      'k@2026-01-01T10:00:00.000Z queued',
      'k@2026-01-01T10:00:00.000Z running',
      'k@2026-01-01T10:00:00.000Z success',
    ]);
  });

  it('with dependsOnPast wait until the run before succeeded; and the first has no past', () => {
    const world = createJobWorld(
      [jobOf({ trigger: hourly, dependsOnPast: true, overlap: 'queue' })],
      at('2026-01-01T10:30:00Z'),
    );
    world.decide();
    world.end(world.working()[0]!, FAILED);
    world.advance(60 * MINUTE);
    expect(world.working()).toEqual([]);
    world.command({ kind: 'clear', run: 'j@2026-01-01T10:00:00.000Z', step: null });
    runAll(world);
    expect(world.runs().filter((line) => line.endsWith('success'))).toHaveLength(2);
  });
});

describe('the steps of a run', () => {
  const run = (job: Partial<Job>) => {
    const world = createJobWorld([jobOf(job)], at('2026-01-01T00:00:00Z'), { narrow: 1 });
    world.command({ kind: 'run', job: 'j', params: {}, key: null });
    return world;
  };
  const working = (world: ReturnType<typeof run>): string[] =>
    world.working().map(({ step, item }) => (item < 0 ? step : `${step}[${item}]`));
  const attempt = (world: ReturnType<typeof run>, step: string) => world.working().find((each) => each.step === step)!;
  const last = (world: ReturnType<typeof run>) => world.runs().at(-1)?.split(' ').at(-1);

  it('begin when those that they need have succeeded', () => {
    const world = run({
      steps: [
        stepOf('a'),
        stepOf('b', { needs: ['a'] }),
        stepOf('c', { needs: ['a'] }),
        stepOf('d', { needs: ['b', 'c'] }),
      ],
    });
    expect(working(world)).toEqual(['a']);
    world.end(attempt(world, 'a'), DONE);
    expect(working(world)).toEqual(['b', 'c']);
    world.end(attempt(world, 'c'), DONE);
    expect(working(world)).toEqual(['b']);
    world.end(attempt(world, 'b'), DONE);
    world.end(attempt(world, 'd'), DONE);
    expect(last(world)).toBe('success');
  });

  it('whose retries are spent have failed, each wait in [b, 2b) of a base that doubles; what needs them did not run', () => {
    const retry = { retries: 2, baseMs: 1000, factor: 2, capMs: 60_000 };
    const world = run({ steps: [stepOf('a', { retry }), stepOf('b', { needs: ['a'] })] });
    const waits: number[] = [];
    for (let tries = 0; tries < 3; tries++) {
      world.end(attempt(world, 'a'), RETRY);
      const before = world.nowMs();
      if (tries < 2) world.sleep();
      waits.push(world.nowMs() - before);
    }
    const identity = `${world.journal[0]?.event.job}@2026-01-01T00:00:00.000Z/a`;
    expect(waits).toEqual([retryDelayMs(retry, identity, 1), retryDelayMs(retry, identity, 2), 0]);
    expect(world.steps()).toEqual([
      ...['a running 1', 'a up_for_retry 1', 'a running 2', 'a up_for_retry 2', 'a running 3', 'a failed 3'],
      'b upstream_failed 0',
    ]);
    expect(last(world)).toBe('failed');
  });

  it('that always run hide no failure; those that handle one do', () => {
    const clean = stepOf('clean', { needs: ['a'], when: 'done' });
    const handler = stepOf('handler', { needs: ['a'], when: 'failed' });
    for (const [steps, state] of [
      [[stepOf('a'), clean], 'failed'],
      [[stepOf('a'), clean, handler], 'success'],
    ] as const) {
      const world = run({ steps });
      world.end(attempt(world, 'a'), FAILED);
      runAll(world);
      expect(last(world)).toBe(state);
    }
    const world = run({ steps: [stepOf('a'), handler] });
    world.end(attempt(world, 'a'), DONE);
    expect([world.steps().at(-1), last(world)]).toEqual(['handler skipped 0', 'success']);
  });

  it('that are mapped run for each item of what another put out, in the slots of their pool', () => {
    const map = { over: 'list', max: 3 };
    const steps = [
      stepOf('list'),
      stepOf('each', { needs: ['list'], map, pool: 'narrow' }),
      stepOf('end', { needs: ['each'] }),
    ];
    const world = run({ steps });
    world.end(attempt(world, 'list'), { kind: 'done', records: 0, output: ['x', 'y', 'z'] });
    for (const item of [0, 1, 2]) {
      expect(working(world)).toEqual([`each[${item}]`]);
      world.end(world.working()[0]!, DONE);
    }
    expect(working(world)).toEqual(['end']);
    const many = run({ steps });
    many.end(attempt(many, 'list'), { kind: 'done', records: 0, output: [1, 2, 3, 4] });
    expect([many.steps().at(-2), last(many)]).toEqual(['each failed 0', 'failed']);
    const none = run({ steps });
    none.end(attempt(none, 'list'), { kind: 'done', records: 0, output: [] });
    expect(working(none)).toEqual(['end']);
  });

  it('of a run that is out of time are stopped, and it failed; of one that is cleared those after the failed one run again', () => {
    const world = run({ timeoutMs: 5000, steps: [stepOf('a'), stepOf('b', { needs: ['a'] })] });
    world.end(attempt(world, 'a'), DONE);
    world.advance(5000);
    world.end(attempt(world, 'b'), { kind: 'stopped', reason: 'out of time' });
    expect(last(world)).toBe('failed');
    const id = world.journal[0]?.kind === 'run' ? world.journal[0].event.runId : '';
    world.command({ kind: 'clear', run: id, step: null });
    expect(working(world)).toEqual(['b']);
    runAll(world);
    expect(last(world)).toBe('success');
    expect(world.steps().filter((line) => line.startsWith('a '))).toEqual(['a running 1', 'a success 1']);
  });
});

describe('commands', () => {
  it('say what can not be done, and do nothing then', () => {
    const world = createJobWorld([jobOf({ params: { day: '' } })], 0);
    expect(world.command({ kind: 'run', job: 'jj', params: {}, key: null })).toMatchObject({
      message: 'there is no job jj; did you mean j?',
    });
    expect(world.command({ kind: 'run', job: 'j', params: { dy: 1 }, key: null })).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('did you mean day?'),
    });
    expect(world.command({ kind: 'cancel', run: 'x' })).toMatchObject({ kind: 'refused' });
    expect(world.journal).toEqual([]);
  });

  it('that are repeated with their key make one run', () => {
    const world = createJobWorld([jobOf()], 0);
    const first = world.command({ kind: 'run', job: 'j', params: {}, key: 'k' });
    expect(world.command({ kind: 'run', job: 'j', params: {}, key: 'k' })).toMatchObject({
      id: first.kind === 'done' ? first.id : '',
      message: 'was asked for before',
    });
    runAll(world);
    world.restart();
    expect(world.command({ kind: 'run', job: 'j', params: {}, key: 'k' })).toMatchObject({
      message: 'was asked for before',
    });
    expect(world.runs().filter((line) => line.endsWith('queued'))).toHaveLength(1);
  });

  it('pause a schedule, and resume it as after a time down', () => {
    const world = createJobWorld([jobOf({ trigger: hourly })], at('2026-01-01T10:30:00Z'));
    world.command({ kind: 'pause', job: 'j' });
    world.restart(DAY);
    expect(world.runs()).toEqual([]);
    world.command({ kind: 'resume', job: 'j' });
    expect(world.runs()).toEqual(['j@2026-01-02T10:00:00.000Z queued', 'j@2026-01-02T10:00:00.000Z running']);
  });
});

describe('alerts of a watched job', () => {
  it('come when it begins to fail and when it recovers, and with no other run', () => {
    const job = jobOf({ alert: { ...NO_ALERTS, failed: true } });
    const world = createJobWorld([job], 0);
    for (const end of [DONE, FAILED, FAILED, DONE, DONE]) {
      world.command({ kind: 'run', job: 'j', params: {}, key: null });
      world.end(world.working()[0]!, end);
    }
    const told: Told = new Map();
    const raised = world.journal.flatMap((event) => alertsOf([event], new Map([['j', job]]), told));
    expect(raised.map(({ about, state }) => [about, state])).toEqual([
      ['job:j', 'firing'],
      ['job:j', 'resolved'],
    ]);
    expect(alertsOf(world.journal, new Map([['j', jobOf()]]), new Map())).toEqual([]);
  });

  /** What people were told after each act, and what the acts are. */
  function toldBy(change: Partial<Job>, acts: (world: ReturnType<typeof createJobWorld>, look: () => void) => void) {
    const job = jobOf({ trigger: hourly, catchup: 'none', ...change });
    const world = createJobWorld([job], at('2026-01-01T10:30:00Z'));
    const told: Told = new Map();
    const raised: string[] = [];
    acts(world, () => {
      const runs = world.state().jobs.get('j');
      const alerts = runs === undefined ? [] : dueAlerts(job, runs, told, world.nowMs());
      raised.push(...alerts.map(({ about, state, alertId }) => `${about} ${state} ${alertId}`));
    });
    return raised;
  }

  it('say once that a run is late, and once that it is not, which only a success says', () => {
    const raised = toldBy({ alert: { ...NO_ALERTS, lateMs: 10 * MINUTE }, overlap: 'queue' }, (world, look) => {
      world.advance(30 * MINUTE);
      for (let minute = 0; minute < 12; minute++) {
        look();
        world.advance(MINUTE);
      }
      world.end(world.working()[0]!, FAILED);
      look();
      world.advance(48 * MINUTE);
      world.end(world.working()[0]!, DONE);
      look();
      look();
    });
    expect(raised).toEqual([
      'job:j/late firing job:j@2026-01-01T11:00:00.000Z/late/firing',
      'job:j/late resolved job:j@2026-01-01T11:00:00.000Z/late/resolved',
    ]);
  });

  it('say that a run takes many times as long as the last ones, and nothing while these are few', () => {
    const raised = toldBy({ alert: { ...NO_ALERTS, lateTimes: 3 } }, (world, look) => {
      world.advance(30 * MINUTE);
      for (let run = 0; run < 5; run++) {
        world.advance(run < 2 ? 20 * MINUTE : MINUTE);
        look();
        world.end(world.working()[0]!, DONE);
        world.advance((run < 2 ? 40 : 59) * MINUTE);
      }
      world.advance(30 * MINUTE);
      look();
    });
    expect(raised).toEqual(['job:j/late firing job:j@2026-01-01T16:00:00.000Z/late/firing']);
  });

  it('say that nothing happens in a run, unless an attempt of it waits for its time, and that it goes on', () => {
    const steps = [stepOf('a', { retry: { retries: 1, baseMs: 3_600_000, factor: 1, capMs: 3_600_000 } })];
    const raised = toldBy({ alert: { ...NO_ALERTS, stuckMs: 5 * MINUTE }, steps, overlap: 'queue' }, (world, look) => {
      world.advance(30 * MINUTE);
      world.end(world.working()[0]!, RETRY);
      for (let minute = 0; minute < 59; minute++) {
        world.advance(MINUTE);
        look();
      }
      for (let minute = 0; minute < 10; minute++) {
        world.advance(MINUTE);
        look();
      }
      world.end(world.working()[0]!, DONE);
      look();
    });
    expect(raised).toEqual([
      'job:j/stuck firing job:j@2026-01-01T11:00:00.000Z/stuck/firing',
      'job:j/stuck resolved job:j@2026-01-01T12:00:00.000Z/stuck/resolved',
    ]);
  });

  it('say that so many runs in a row were skipped, and that one was not', () => {
    const raised = toldBy({ alert: { ...NO_ALERTS, skipped: 2 }, catchup: 'latest' }, (world, look) => {
      world.decide();
      for (let hour = 0; hour < 3; hour++) {
        world.advance(60 * MINUTE);
        look();
      }
      world.end(world.working()[0]!, DONE);
      look();
    });
    expect(raised).toEqual([
      'job:j/skipped firing job:j@2026-01-01T12:00:00.000Z/skipped/firing',
      'job:j/skipped resolved job:j@2026-01-01T10:00:00.000Z/skipped/resolved',
    ]);
  });
});

describe('a backfill', () => {
  const ask = {
    kind: 'backfill',
    job: 'j',
    from: at('2026-01-01T00:00:00Z'),
    to: at('2026-01-01T06:00:00Z'),
    parallel: 2,
    isDryRun: false,
  } as const;

  it('has a run for each interval, so many at once; and only for those that have none, that failed, or for all', () => {
    const world = createJobWorld([jobOf({ trigger: hourly, catchup: 'none' })], at('2026-01-02T00:30:00Z'));
    expect(world.command({ ...ask, reprocess: 'none', isDryRun: true })).toMatchObject({
      message: '6 intervals from 2026-01-01T00:00:00.000Z; nothing was begun',
    });
    world.command({ ...ask, reprocess: 'none' });
    expect(world.working()).toHaveLength(2);
    world.end(world.working()[1]!, FAILED);
    world.restart();
    world.end(world.working()[0]!, DONE);
    runAll(world);
    const ended = (state: string) => world.runs().filter((line) => line.endsWith(` ${state}`)).length;
    // The kill ended two attempts, which had no retries.
    expect([ended('success'), ended('failed')]).toEqual([4 - 1, 3]);
    expect(world.state().backfills.size).toBe(0);
    expect(world.command({ ...ask, reprocess: 'none' })).toMatchObject({ message: 'no interval is left to process' });
    expect(world.command({ ...ask, reprocess: 'failed', isDryRun: true })).toMatchObject({
      message: expect.stringMatching(/^3 intervals/),
    });
    expect(world.command({ ...ask, reprocess: 'completed', isDryRun: true })).toMatchObject({
      message: expect.stringMatching(/^6 intervals/),
    });
  });

  it('has half of the slots of a pool at most, and a run of the schedule goes before it', () => {
    const steps = [stepOf('a', { map: { over: [1, 2, 3, 4, 5], max: 10 } })];
    const world = createJobWorld([jobOf({ trigger: hourly, catchup: 'none', steps })], at('2026-01-02T00:30:00Z'), {
      default: 4,
    });
    world.command({ ...ask, parallel: 6, reprocess: 'none' });
    expect(world.working().map(({ runId }) => runId.includes('backfill'))).toEqual([true, true]);
    world.advance(30 * MINUTE);
    expect(world.working().map(({ runId }) => runId.includes('backfill'))).toEqual([true, true, false, false]);
    world.end(world.working()[0]!, DONE);
    expect(world.working().map(({ runId }) => runId.includes('backfill'))).toEqual([true, false, false, false]);
  });

  it('that is cancelled begins no more', () => {
    const world = createJobWorld([jobOf({ trigger: hourly, catchup: 'none' })], at('2026-01-02T00:30:00Z'));
    const begun = world.command({ ...ask, reprocess: 'none' });
    world.command({ kind: 'cancel-backfill', backfill: begun.kind === 'done' ? begun.id : '' });
    for (const attempt of [...world.working()]) world.end(attempt, { kind: 'stopped', reason: 'x' });
    expect(world.working()).toEqual([]);
    expect(world.runs().filter((line) => line.endsWith('cancelled'))).toHaveLength(2);
  });
});

describe('whatever fails and is killed, and whenever', () => {
  it('no run is lost, none is over twice, none runs twice at once, and the state is what the journal says', () => {
    const retry = { retries: 3, baseMs: 1000, factor: 2, capMs: 60_000 };
    const steps = [
      stepOf('a', { retry }),
      stepOf('b', { retry, needs: ['a'] }),
      stepOf('c', { retry, needs: ['a'], map: { over: [1, 2], max: 5 }, pool: 'narrow' }),
      stepOf('d', { needs: ['b', 'c'], when: 'done' }),
    ];
    const jobs = [
      jobOf({ trigger: { kind: 'every', everyMs: MINUTE }, catchup: 'all', overlap: 'queue', maxActiveRuns: 2, steps }),
      jobOf({ name: 'k', trigger: { kind: 'job', job: 'j' }, maxActiveRuns: 5 }),
    ];
    const action = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          kind: fc.constant('end'),
          which: fc.nat(9),
          how: fc.constantFrom(DONE, DONE, DONE, RETRY, FAILED),
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constant('advance'), ms: fc.integer({ min: 1, max: 3 * MINUTE }) }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('kill'), ms: fc.integer({ min: 0, max: 5 * MINUTE }) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear') }) },
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const world = createJobWorld(jobs, at('2026-01-01T00:00:30Z'), { narrow: 1 });
        world.decide();
        for (const each of actions) {
          if (each.kind === 'end' && 'which' in each) {
            const attempt = world.working()[each.which % Math.max(1, world.working().length)];
            if (attempt !== undefined) world.end(attempt, each.how);
          } else if (each.kind === 'advance' && 'ms' in each) world.advance(each.ms);
          else if (each.kind === 'kill' && 'ms' in each) world.restart(each.ms);
          else if (each.kind === 'clear') {
            const failed = world
              .state()
              .jobs.get('j')
              ?.recent.find(({ event }) => event.state === 'failed');
            if (failed !== undefined) world.command({ kind: 'clear', run: failed.event.runId, step: null });
          }
        }
        for (let i = 0; i < 200 && (world.working().length > 0 || i < 20); i++) {
          runAll(world);
          world.sleep();
        }
        const states = new Map<string, string>();
        const ends = new Set<number>();
        let followed = 0;
        let succeeded = 0;
        for (const { kind, event } of world.journal) {
          if (kind !== 'run') continue;
          const before = states.get(event.runId);
          if (before !== undefined && isTerminal(before as never)) expect(event.state).toBe('queued');
          if (before === undefined) expect(event.state).toBe('queued');
          states.set(event.runId, event.state);
          if (event.job === 'j') ends.add(event.intervalEnd);
          if (event.job === 'j' && event.state === 'success') succeeded++;
          if (event.job === 'k' && before === undefined) followed++;
        }
        // Every success had its follower, and no interval is missing.
        expect(followed).toBe(succeeded);
        const sorted = [...ends].sort((a, b) => a - b);
        expect(sorted).toEqual(sorted.map((_, i) => (sorted[0] ?? 0) + i * MINUTE));
        expect([...states.values()].filter((state) => state === 'queued').length).toBeLessThanOrEqual(2);
      }),
      { numRuns: 60 },
    );
  });
});
