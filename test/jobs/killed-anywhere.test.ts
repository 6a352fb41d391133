/**
 * A small job with a retry, a map over a pool of one slot, a wait and a job that follows it, killed right before and right after each
 * of its commits: whatever the moment, the runs end as without the kill, and no attempt is repeated but the one that the kill ended.
 */
import { expect, test } from 'vitest';
import type { StepChanged } from '../../src/messages/job-events.ts';
import { createJobWorld, DONE, jobOf, type KillAt, Killed, RETRY, stepOf } from './job-world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.parse('2026-01-01T00:30:00Z');
const END = START + 2 * HOUR;

const retry = { retries: 4, baseMs: 1000, factor: 2, capMs: MINUTE };
const JOBS = [
  jobOf({
    trigger: { kind: 'every', everyMs: HOUR },
    catchup: 'all',
    overlap: 'queue',
    steps: [
      stepOf('fails_once', { retry }),
      stepOf('mapped', { retry, needs: ['fails_once'], map: { over: ['x', 'y', 'z'], max: 5 }, pool: 'narrow' }),
      stepOf('waits', { retry, needs: ['fails_once'] }),
      stepOf('last', { retry, needs: ['mapped', 'waits'] }),
    ],
  }),
  jobOf({ name: 'follows', trigger: { kind: 'job', job: 'j' }, steps: [stepOf('a', { retry })] }),
];

const keyOf = ({ runId, step, item }: StepChanged): string => `${runId}/${step}/${item}`;

/** Two hours and a half of it, with a restart after each kill. */
function lived(killAt: KillAt) {
  const world = createJobWorld(JOBS, START, { narrow: 1 }, undefined, killAt);
  const survive = (act: () => void): void => {
    for (let next = act; ; next = () => world.restart(1000)) {
      try {
        next();
        return;
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
      }
    }
  };
  /** Keys that the other side has seen fail. */
  const failed = new Set<string>();
  survive(() => world.decide());
  for (let turns = 0; turns < 500; turns++) {
    const attempt = world
      .working()
      .find(({ step, changedAt }) => step !== 'waits' || world.nowMs() >= changedAt + MINUTE);
    if (attempt !== undefined) {
      const isFailure = attempt.step === 'fails_once' && !failed.has(keyOf(attempt));
      if (isFailure) failed.add(keyOf(attempt));
      survive(() => world.end(attempt, isFailure ? RETRY : DONE));
    } else if (world.nowMs() < END || world.working().length > 0) survive(() => world.advance(MINUTE));
    else break;
  }
  return world;
}

type World = ReturnType<typeof lived>;

/** The last state of each run and step. */
function endOf(world: World): Record<string, string> {
  const ends: Record<string, string> = {};
  for (const { kind, event } of world.journal) {
    if (kind === 'run') ends[event.runId] = event.state;
    if (kind === 'step') ends[keyOf(event)] = event.state;
  }
  return ends;
}

function timesBegun(world: World): Map<string, number> {
  const times = new Map<string, number>();
  for (const attempt of world.begun) times.set(keyOf(attempt), (times.get(keyOf(attempt)) ?? 0) + 1);
  return times;
}

function expectSame(world: World, whole: World, kills: number, what: string): void {
  expect(endOf(world), what).toEqual(endOf(whole));
  const usual = timesBegun(whole);
  for (const [key, times] of timesBegun(world)) {
    expect(times - (usual.get(key) ?? 0), `${what}: how often ${key} began again`).toBeLessThanOrEqual(kills);
  }
  const done = new Set<string>();
  for (const { kind, event } of world.journal) {
    if (kind !== 'step') continue;
    if (event.state === 'success') done.add(keyOf(event));
    else if (done.has(keyOf(event))) throw new Error(`${what}: ${keyOf(event)} was done, and is ${event.state} again`);
  }
}

const WHENS = ['before', 'after'] as const;
const whole = lived(() => null);

test('without a kill, both runs and those that follow them succeed', () => {
  const states = Object.values(endOf(whole));
  expect(states).toHaveLength(3 * (1 + 6 + 1 + 1));
  expect(new Set(states)).toEqual(new Set(['success']));
  expect(timesBegun(whole).get('j@2026-01-01T01:00:00.000Z/fails_once/-1')).toBe(2);
});

test.each(WHENS)('killed right %s any commit, each run ends as it would have', (when) => {
  expect(whole.commits()).toBeGreaterThan(20);
  for (let at = 1; at <= whole.commits(); at++) {
    const world = lived((commit) => (commit === at ? when : null));
    expectSame(world, whole, 1, `killed ${when} commit ${at}`);
  }
});

test.each(WHENS)('killed right %s any commit, and again at the first one of the restart', (when) => {
  for (let at = 1; at <= whole.commits(); at++) {
    for (const again of WHENS) {
      const world = lived((commit) => (commit === at ? when : commit === at + 1 ? again : null));
      expectSame(world, whole, 2, `killed ${when} commit ${at} and ${again} the next`);
    }
  }
});
