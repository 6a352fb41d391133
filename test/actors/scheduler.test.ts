import { describe, expect, test } from 'vitest';
import { createActor, SimulatedClock } from 'xstate';
import { getShortestPaths } from 'xstate/graph';
import { type SchedulerEvent, type SchedulerPorts, schedulerMachine } from '../../src/actors/scheduler.ts';
import type { RunReport, ScheduledJob } from '../../src/jobs/plan.ts';
import { applyRunChanged, jobRuns, NO_RUNS } from '../../src/jobs/runs.ts';
import { timetable } from '../../src/jobs/timetable.ts';
import type { RunChanged } from '../../src/messages/operations.ts';
import { deferred, settled } from './deferred.ts';

const HOUR_MS = 3_600_000;
const at = (time: string) => Date.parse(`2026-05-01T${time}:00Z`);
const hourly: ScheduledJob = {
  name: 'weather',
  timetable: timetable({ cron: '0 * * * *' }),
  catchup: 'latest',
  startAt: null,
  retries: 3,
};
const missing: ScheduledJob = { ...hourly, catchup: 'all' };

interface World {
  readonly jobs?: readonly ScheduledJob[];
  readonly now?: string;
  readonly log?: RunChanged[];
  readonly ports?: Partial<SchedulerPorts>;
}

/** A scheduler over a log in memory, at a simulated time. */
async function startScheduler({ jobs = [hourly], now = '10:20', log = [], ports: change = {} }: World = {}) {
  const clock = new SimulatedClock();
  const beginMs = at(now);
  const started: RunChanged[] = [];
  const warnings: string[] = [];
  const ports: SchedulerPorts = {
    nowMs: () => beginMs + clock.now(),
    async replay(fold) {
      for (const event of [...log]) fold(event);
    },
    async record(event) {
      log.push(event);
    },
    start: (run) => started.push(run),
    warn: (message) => warnings.push(message),
    ...change,
  };
  const actor = createActor(schedulerMachine, { input: { ports, jobs }, clock });
  let error: unknown = null;
  actor.subscribe({
    error: (thrown) => {
      error = thrown;
    },
  });
  actor.start();
  await settled();
  return {
    actor,
    log,
    started,
    warnings,
    error: () => error,
    history: () => log.map(({ runId, state }) => `${runId.slice(-13, -8)} ${state}`),
    async send(event: SchedulerEvent) {
      actor.send(event);
      await settled();
    },
    async report(state: RunReport['state'], run = started.at(-1), change: Partial<RunReport> = {}) {
      if (run === undefined) throw new Error('nothing was started');
      const { job, runId } = run;
      actor.send({ type: 'REPORTED', report: { job, runId, state, attempt: 1, records: 0, message: null, ...change } });
      await settled();
    },
    /** Lets simulated time pass a minute at a time, so that promises settle in between. */
    async pass(ms: number) {
      for (let left = ms; left > 0; left -= 60_000) {
        clock.increment(Math.min(left, 60_000));
        await settled();
      }
    },
  };
}

describe('a scheduler', () => {
  test('runs the interval that ended last, and the next one when it has ended', async () => {
    const scheduler = await startScheduler();
    expect(scheduler.started).toMatchObject([{ intervalStart: at('09:00'), intervalEnd: at('10:00') }]);
    await scheduler.report('success');
    await scheduler.pass(40 * 60_000 - 1);
    expect(scheduler.started).toHaveLength(1);
    await scheduler.pass(1);
    expect(scheduler.started[1]).toMatchObject({
      runId: 'weather@2026-05-01T11:00:00.000Z',
      intervalStart: at('10:00'),
      intervalEnd: at('11:00'),
    });
  });

  test('starts a run only once its queued event is durable', async () => {
    const disk = deferred<void>();
    const recorded: RunChanged[] = [];
    const scheduler = await startScheduler({
      ports: {
        record: (event) => {
          recorded.push(event);
          return disk.promise;
        },
      },
    });
    expect(recorded).toMatchObject([{ state: 'queued', attempt: 0 }]);
    expect(scheduler.started).toEqual([]);
    disk.resolve();
    await settled();
    expect(scheduler.started).toHaveLength(1);
  });

  test('records what the worker reports, with its attempt, its count and the time', async () => {
    const scheduler = await startScheduler();
    await scheduler.report('running');
    await scheduler.report('up_for_retry', undefined, { message: 'HTTP 503' });
    await scheduler.report('running', undefined, { attempt: 2 });
    await scheduler.pass(1000);
    await scheduler.report('success', undefined, { attempt: 2, records: 72 });
    expect(scheduler.log.map(({ state, attempt, records, message }) => [state, attempt, records, message])).toEqual([
      ['queued', 0, 0, null],
      ['running', 1, 0, null],
      ['up_for_retry', 1, 0, 'HTTP 503'],
      ['running', 2, 0, null],
      ['success', 2, 72, null],
    ]);
    expect(scheduler.log.at(-1)?.changedAt).toBe(at('10:20') + 1000);
  });

  test('never has two runs of a job at once, and skips what passed meanwhile without catchup', async () => {
    const scheduler = await startScheduler();
    await scheduler.pass(3 * HOUR_MS);
    expect(scheduler.started).toHaveLength(1);
    await scheduler.report('success');
    expect(scheduler.started.map(({ intervalEnd }) => intervalEnd)).toEqual([at('10:00'), at('13:00')]);
  });

  test('keeps one job going while another is stuck', async () => {
    const scheduler = await startScheduler({ jobs: [hourly, { ...hourly, name: 'other' }] });
    const other = scheduler.started.find(({ job }) => job === 'other');
    await scheduler.report('success', other);
    await scheduler.pass(HOUR_MS);
    expect(scheduler.started.map(({ job }) => job)).toEqual(['weather', 'other', 'other']);
  });
});

describe('a scheduler after downtime', () => {
  const ran = (end: string): RunChanged => ({
    job: 'weather',
    runId: `weather@2026-05-01T${end}:00.000Z`,
    intervalStart: at(end) - HOUR_MS,
    intervalEnd: at(end),
    state: 'success',
    attempt: 1,
    changedAt: at(end),
    records: 3,
    message: null,
  });

  test('runs nothing again that its log holds', async () => {
    const scheduler = await startScheduler({ log: [ran('10:00')] });
    expect(scheduler.started).toEqual([]);
  });

  test('runs the latest interval only, or with catchup every missed one, oldest first and one after the other', async () => {
    const latest = await startScheduler({ log: [ran('07:00')] });
    expect(latest.started.map(({ intervalEnd }) => intervalEnd)).toEqual([at('10:00')]);

    const all = await startScheduler({ jobs: [missing], log: [ran('07:00')] });
    for (let run = 1; run <= 3; run++) {
      expect(all.started).toHaveLength(run);
      await all.report('success');
    }
    expect(all.started.map(({ intervalEnd }) => intervalEnd)).toEqual([at('08:00'), at('09:00'), at('10:00')]);
  });

  test('goes on with the orphans of the last process, within their retries, before it runs the job again', async () => {
    const log = [
      { ...ran('07:00'), state: 'running' as const, attempt: 4 },
      { ...ran('08:00'), state: 'running' as const },
      { ...ran('09:00'), state: 'queued' as const, attempt: 0 },
    ];
    const scheduler = await startScheduler({ log });
    expect(scheduler.history().slice(3)).toEqual(['07:00 failed', '08:00 queued']);
    expect(log[3]?.message).toMatch(/orphaned.*attempt 4.*its last/i);
    expect(scheduler.started.at(-1)).toMatchObject({ intervalEnd: at('08:00'), attempt: 1 });
    await scheduler.report('success');
    expect(scheduler.started.at(-1)).toMatchObject({ intervalEnd: at('09:00'), attempt: 0 });
    await scheduler.report('success');
    expect(scheduler.started.map(({ intervalEnd }) => intervalEnd)).toEqual([at('08:00'), at('09:00'), at('10:00')]);
  });

  test('fails the orphan of a job that is no more', async () => {
    const scheduler = await startScheduler({ log: [{ ...ran('09:00'), job: 'gone', state: 'running' }] });
    expect(scheduler.log[1]).toMatchObject({ job: 'gone', state: 'failed', message: expect.stringMatching(/no more/) });
  });
});

describe('a clock that jumps ahead and is set back', () => {
  /** Runs what is due; the clock stands where `offsetMs` puts it. */
  async function withJump(jobs: readonly ScheduledJob[] = [hourly]) {
    const clock = { offsetMs: 0 };
    const simulated = new SimulatedClock();
    const log: RunChanged[] = [];
    const warnings: string[] = [];
    const beginMs = at('10:20');
    const nowMs = () => beginMs + simulated.now() + clock.offsetMs;
    const actor = createActor(schedulerMachine, {
      clock: simulated,
      input: {
        jobs,
        ports: {
          nowMs,
          replay: async () => {},
          record: async (event) => {
            log.push(event);
          },
          start(run) {
            const { job, runId } = run;
            const report: RunReport = { job, runId, state: 'success', attempt: 1, records: 0, message: null };
            queueMicrotask(() => actor.send({ type: 'REPORTED', report }));
          },
          warn: (message) => warnings.push(message),
        },
      },
    });
    actor.start();
    await settled();
    return {
      clock,
      warnings,
      queued: () => log.filter(({ state }) => state === 'queued').map(({ intervalEnd }) => intervalEnd),
      async pass(ms: number) {
        for (let left = ms; left > 0; left -= 60_000) {
          simulated.increment(Math.min(left, 60_000));
          await settled();
        }
      },
    };
  }

  test('stops no schedule, runs no interval twice, and is told once', async () => {
    const world = await withJump();
    await world.pass(HOUR_MS);
    world.clock.offsetMs = 400 * 24 * HOUR_MS;
    await world.pass(2 * HOUR_MS);
    world.clock.offsetMs = 0;
    await world.pass(3 * HOUR_MS);
    const atRightTime = world.queued().filter((end) => end < at('23:00'));
    expect(atRightTime).toEqual(['10:00', '11:00', '13:00', '14:00', '15:00', '16:00'].map(at));
    expect(new Set(world.queued()).size).toBe(world.queued().length);
    expect(world.warnings).toEqual([expect.stringMatching(/was ahead and was set back/)]);
  });

  test('goes on with the latest interval where every run that is known is of the time ahead', async () => {
    const ahead = await startScheduler({
      now: '10:20',
      log: [
        {
          job: 'weather',
          runId: 'weather@2030-01-01T00:00:00.000Z',
          intervalStart: Date.parse('2029-12-31T23:00:00Z'),
          intervalEnd: Date.parse('2030-01-01T00:00:00Z'),
          state: 'success',
          attempt: 1,
          changedAt: 0,
          records: 0,
          message: null,
        },
      ],
    });
    await ahead.report('success');
    await ahead.pass(HOUR_MS);
    expect(ahead.started.map(({ intervalEnd }) => intervalEnd)).toEqual([at('10:00'), at('11:00')]);
  });
});

describe('a trigger', () => {
  test('runs a job at once, between two scheduled runs and without moving them', async () => {
    const scheduler = await startScheduler();
    await scheduler.report('success');
    await scheduler.send({ type: 'TRIGGER', job: 'weather' });
    expect(scheduler.started[1]).toMatchObject({ intervalStart: at('10:20'), intervalEnd: at('10:20') });
    await scheduler.report('success');
    await scheduler.pass(HOUR_MS);
    expect(scheduler.started[2]).toMatchObject({ intervalStart: at('10:00'), intervalEnd: at('11:00') });
  });

  test('waits for the run under way, and further ones are served by the same run', async () => {
    const scheduler = await startScheduler();
    for (let press = 0; press < 5; press++) await scheduler.send({ type: 'TRIGGER', job: 'weather' });
    expect(scheduler.started).toHaveLength(1);
    await scheduler.report('success');
    await scheduler.report('success');
    expect(scheduler.history()).toEqual(['10:00 queued', '10:20 queued', '10:00 success', '10:20 success']);
  });

  test('is not lost while the scheduler still recovers', async () => {
    const gate = deferred<void>();
    const scheduler = await startScheduler({ ports: { replay: () => gate.promise } });
    await scheduler.send({ type: 'TRIGGER', job: 'weather' });
    gate.resolve();
    await settled();
    expect(scheduler.history()).toContain('10:20 queued');
  });

  test('of an unknown job is refused with the names of those there are, and stops nothing', async () => {
    const scheduler = await startScheduler();
    await scheduler.send({ type: 'TRIGGER', job: 'wether' });
    expect(scheduler.warnings).toEqual(['No job is named "wether", so it was not triggered. Jobs: weather']);
    expect(scheduler.actor.getSnapshot().status).toBe('active');
  });
});

describe('a worker that dies', () => {
  test('has its run recorded as failed by the scheduler, with the attempt it was at', async () => {
    const scheduler = await startScheduler();
    await scheduler.report('running', undefined, { attempt: 2 });
    await scheduler.send({ type: 'WORKER_FAILED', job: 'weather', error: 'out of memory' });
    expect(scheduler.log.at(-1)).toMatchObject({
      state: 'failed',
      attempt: 2,
      message: 'Its worker failed: out of memory',
    });
    await scheduler.pass(HOUR_MS);
    expect(scheduler.started).toHaveLength(2);
  });

  test('cannot change a run that is over, and saying so twice records one failure', async () => {
    const scheduler = await startScheduler();
    const [run] = scheduler.started;
    await scheduler.send({ type: 'WORKER_FAILED', job: 'weather', error: 'boom' });
    await scheduler.send({ type: 'WORKER_FAILED', job: 'weather', error: 'boom' });
    await scheduler.report('success', run);
    expect(scheduler.history()).toEqual(['10:00 queued', '10:00 failed']);
    expect(scheduler.warnings).toEqual([expect.stringMatching(/reported as success, but it is over/)]);
  });
});

describe('a scheduler that drains', () => {
  test('waits for the run under way, cancels what was queued behind it, starts nothing, and stops', async () => {
    const scheduler = await startScheduler();
    await scheduler.send({ type: 'TRIGGER', job: 'weather' });
    await scheduler.send({ type: 'DRAIN' });
    expect(scheduler.actor.getSnapshot().value).toEqual({ stopping: 'awaiting' });
    await scheduler.send({ type: 'TRIGGER', job: 'weather' });
    expect(scheduler.warnings).toHaveLength(1);
    await scheduler.report('success', scheduler.started[0]);
    expect(scheduler.history()).toEqual(['10:00 queued', '10:20 queued', '10:20 cancelled', '10:00 success']);
    expect(scheduler.actor.getSnapshot()).toMatchObject({ value: 'stopped', status: 'done' });
    expect(scheduler.started).toHaveLength(1);
  });

  test('records the event that is under way to the disk once', async () => {
    const disk = deferred<void>();
    const recorded: RunChanged[] = [];
    const scheduler = await startScheduler({
      ports: {
        record: (event) => {
          recorded.push(event);
          return recorded.length === 1 ? disk.promise : Promise.resolve();
        },
      },
    });
    await scheduler.send({ type: 'DRAIN' });
    disk.resolve();
    await settled();
    expect(recorded.map(({ state }) => state)).toEqual(['queued', 'cancelled']);
    expect(scheduler.actor.getSnapshot().status).toBe('done');
  });
});

describe('a scheduler fails as an actor, for its supervisor to restart', () => {
  const boom = () => {
    throw new Error('boom');
  };
  test.each<[string, Partial<SchedulerPorts>]>([
    ['the log cannot be read', { replay: async () => boom() }],
    ['an event cannot be recorded', { record: async () => boom() }],
    ['a run cannot be handed out', { start: boom }],
    ['the clock throws', { nowMs: boom }],
  ])('when %s', async (_, ports) => {
    const scheduler = await startScheduler({ ports });
    expect(scheduler.actor.getSnapshot().status).toBe('error');
    expect(scheduler.error()).toEqual(new Error('boom'));
  });

  test('and a new one over the same log goes on with the run that was lost', async () => {
    const log: RunChanged[] = [];
    await startScheduler({ log, ports: { start: boom } });
    const next = await startScheduler({ log });
    expect(next.history()).toEqual(['10:00 queued']);
    expect(next.started.map(({ intervalEnd }) => intervalEnd)).toEqual([at('10:00')]);
  });
});

describe('every path through the scheduler', () => {
  const done = (state: string) => `xstate.done.actor.0.scheduler.${state}`;
  const SLEPT = 'xstate.after.sleep.scheduler.running.waiting';
  /** Stands for what the machine's own actors and timers send. */
  const internal = (type: string, output?: unknown): SchedulerEvent =>
    Object.assign(Object.create(null), { type, output });
  const report = (state: RunReport['state']): SchedulerEvent => ({
    type: 'REPORTED',
    report: { job: 'weather', runId: 'weather@2026-05-01T10:00:00.000Z', state, attempt: 1, records: 0, message: null },
  });
  const events: SchedulerEvent[] = [
    internal(done('recovering'), NO_RUNS),
    internal(done('running.recording')),
    internal(done('stopping.recording')),
    internal(SLEPT),
    report('running'),
    report('success'),
    { type: 'TRIGGER', job: 'weather' },
    { type: 'WORKER_FAILED', job: 'weather', error: 'boom' },
    { type: 'DRAIN' },
  ];
  const inert: SchedulerPorts = {
    nowMs: () => at('10:20'),
    replay: async () => {},
    record: async () => {},
    start: () => {},
    warn: () => {},
  };
  const options = {
    input: { ports: inert, jobs: [hourly] },
    events,
    limit: 20_000,
    serializeState: ({ value, context }: ReturnType<typeof schedulerMachine.getInitialSnapshot>) =>
      JSON.stringify([
        value,
        context.outbox.map(({ runId, state }) => [runId, state]),
        [...jobRuns(context.runs, 'weather').open].map(([runId, { state }]) => [runId, state]),
        [...context.active],
        context.draining,
      ]) as never,
    // Two triggers are enough; later ones differ by a millisecond in their ids.
    stopWhen: ({ context }: ReturnType<typeof schedulerMachine.getInitialSnapshot>) =>
      (jobRuns(context.runs, 'weather').lastTriggeredAt ?? 0) > at('10:20') || context.outbox.length > 3,
  };

  /** A real scheduler that went the same way: the disk answers when the path says so. */
  async function walk(steps: readonly { readonly event: SchedulerEvent }[]) {
    const log: RunChanged[] = [];
    let disk = deferred<void>();
    const recovery = deferred<void>();
    const scheduler = await startScheduler({
      log,
      ports: {
        nowMs: inert.nowMs,
        replay: () => recovery.promise,
        record: async (event) => {
          disk = deferred<void>();
          await disk.promise;
          log.push(event);
        },
      },
    });
    for (const { event } of steps) {
      const type: string = event.type;
      if (type === done('recovering')) recovery.resolve();
      else if (type === done('running.recording') || type === done('stopping.recording')) disk.resolve();
      else if (type === SLEPT) await scheduler.pass(60_000);
      else if (!type.startsWith('xstate.')) scheduler.actor.send(event);
      await settled();
    }
    return { ...scheduler, writeToDisk: () => disk.resolve() };
  }

  test('reaches each of its states, and no other', () => {
    const reached = new Set(
      getShortestPaths(schedulerMachine, options).map(({ state }) => JSON.stringify(state.value)),
    );
    expect(reached).toEqual(
      new Set([
        '"recovering"',
        '{"running":"recording"}',
        '{"running":"waiting"}',
        '{"stopping":"recording"}',
        '{"stopping":"awaiting"}',
        '"stopped"',
      ]),
    );
  });

  test('leads a real scheduler to the state that the path says', async () => {
    const paths = getShortestPaths(schedulerMachine, options);
    expect(paths.length).toBeGreaterThan(20);
    for (const { steps, state } of paths) expect((await walk(steps)).actor.getSnapshot().value).toEqual(state.value);
  });

  test('leaves no run open, once it has stopped', async () => {
    const stopped = getShortestPaths(schedulerMachine, options).filter(({ state }) => state.status === 'done');
    expect(stopped.length).toBeGreaterThan(0);
    for (const { steps } of stopped) {
      const { log } = await walk(steps);
      expect(jobRuns(log.reduce(applyRunChanged, NO_RUNS), 'weather').open.size).toBe(0);
    }
  });

  test('stops from wherever it was, when its worker and the disk do their part', async () => {
    for (const { steps, state } of getShortestPaths(schedulerMachine, options)) {
      if (state.status === 'done') continue;
      const { actor, writeToDisk } = await walk([...steps, { event: { type: 'DRAIN' } }]);
      for (let turn = 0; turn < 10 && actor.getSnapshot().status === 'active'; turn++) {
        actor.send({ type: 'WORKER_FAILED', job: 'weather', error: 'stopped' });
        writeToDisk();
        await settled();
      }
      expect(actor.getSnapshot()).toMatchObject({ value: 'stopped', status: 'done' });
    }
  });
});
