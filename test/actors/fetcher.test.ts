import { describe, expect, test } from 'vitest';
import { createActor, SimulatedClock } from 'xstate';
import { getShortestPaths, getSimplePaths } from 'xstate/graph';
import { type FetcherEvent, type FetcherPorts, fetcherMachine } from '../../src/actors/fetcher.ts';
import type { RunReport } from '../../src/jobs/plan.ts';
import { retryDelayMs } from '../../src/jobs/retry.ts';
import type { RunChanged } from '../../src/messages/operations.ts';
import type { StepOutcome } from '../../src/steps/step.ts';
import { deferred, settled } from './deferred.ts';

const retry = { retries: 2, baseMs: 1000, factor: 2, capMs: 60_000 };

function runOf(end: number): RunChanged {
  return {
    job: 'weather',
    runId: `weather@${end}`,
    intervalStart: end - 10,
    intervalEnd: end,
    state: 'queued',
    attempt: 0,
    changedAt: 0,
    records: 0,
    message: null,
  };
}
const run = runOf(10);
const nextRun = runOf(20);

/** A port that brings records: so many, delivered by a fetcher's own test. */
const fetchedOf = (records: number, deliver = () => Promise.resolve()): StepOutcome => ({
  kind: 'done',
  records,
  output: null,
  publish: deliver,
});
const fetched = fetchedOf(1);
const overloaded: StepOutcome = { kind: 'retryable', reason: 'HTTP 503', waitMs: null };
const wrong: StepOutcome = { kind: 'permanent', reason: 'HTTP 400' };

/** A fetcher whose requests and deliveries end when the test says so. */
function startFetcher(change: Partial<FetcherPorts> = {}) {
  const clock = new SimulatedClock();
  const reports: RunReport[] = [];
  const requests: { run: RunChanged; signal: AbortSignal; answer: ReturnType<typeof deferred<StepOutcome>> }[] = [];
  const deliveries: ReturnType<typeof deferred<void>>[] = [];
  const deliver = (): Promise<void> => {
    const done = deferred<void>();
    deliveries.push(done);
    return done.promise;
  };
  const ports: FetcherPorts = {
    fetch: (asked, signal) => {
      const answer = deferred<StepOutcome>();
      requests.push({ run: asked, signal, answer });
      return answer.promise;
    },
    report: (report) => reports.push(report),
    ...change,
  };
  const actor = createActor(fetcherMachine, { input: { ports, retry }, clock });
  let error: unknown = null;
  actor.subscribe({
    error: (thrown) => {
      error = thrown;
    },
  });
  actor.start();
  return {
    actor,
    clock,
    reports,
    requests,
    deliveries,
    error: () => error,
    states: () => reports.map(({ state, attempt }) => `${state} ${attempt}`),
    async answer(outcome: StepOutcome) {
      const own = outcome.kind === 'done' ? fetchedOf(outcome.records, deliver) : outcome;
      requests.at(-1)?.answer.resolve(own);
      await settled();
    },
    async delivered() {
      deliveries.at(-1)?.resolve();
      await settled();
    },
  };
}

describe('a fetcher', () => {
  test('fetches, delivers, and reports success only when what it brought is durable', async () => {
    const fetcher = startFetcher();
    fetcher.actor.send({ type: 'RUN', run });
    await fetcher.answer(fetched);
    expect(fetcher.deliveries).toHaveLength(1);
    expect(fetcher.states()).toEqual(['running 1']);
    await fetcher.delivered();
    expect(fetcher.reports.at(-1)).toEqual({
      job: 'weather',
      runId: run.runId,
      state: 'success',
      attempt: 1,
      records: 1,
      message: null,
    });
    expect(fetcher.actor.getSnapshot().value).toBe('idle');
  });

  test('retries after its backoff and not before, until the retries are spent', async () => {
    const fetcher = startFetcher();
    fetcher.actor.send({ type: 'RUN', run });
    for (const attempt of [1, 2]) {
      await fetcher.answer(overloaded);
      expect(fetcher.actor.getSnapshot().value).toBe('up_for_retry');
      const delayMs = retryDelayMs(retry, run.runId, attempt);
      fetcher.clock.increment(delayMs - 1);
      expect(fetcher.requests).toHaveLength(attempt);
      fetcher.clock.increment(1);
      expect(fetcher.requests).toHaveLength(attempt + 1);
    }
    await fetcher.answer(overloaded);
    expect(fetcher.states()).toEqual([
      'running 1',
      'up_for_retry 1',
      'running 2',
      'up_for_retry 2',
      'running 3',
      'failed 3',
    ]);
    expect(fetcher.reports.at(-1)?.message).toMatch(/HTTP 503.*attempt 3/);
  });

  test('waits as long as the provider asks when that is longer than its backoff', async () => {
    const fetcher = startFetcher();
    fetcher.actor.send({ type: 'RUN', run });
    await fetcher.answer({ kind: 'retryable', reason: 'HTTP 429', waitMs: 3_600_000 });
    fetcher.clock.increment(3_599_999);
    expect(fetcher.requests).toHaveLength(1);
    fetcher.clock.increment(1);
    expect(fetcher.requests).toHaveLength(2);
  });

  test('never repeats what would fail again', async () => {
    const fetcher = startFetcher();
    fetcher.actor.send({ type: 'RUN', run });
    await fetcher.answer(wrong);
    expect(fetcher.states()).toEqual(['running 1', 'failed 1']);
    expect(fetcher.actor.getSnapshot().value).toBe('idle');
  });

  test('aborts the request, and cancels the run, when it drains', async () => {
    const fetcher = startFetcher();
    fetcher.actor.send({ type: 'RUN', run });
    fetcher.actor.send({ type: 'DRAIN' });
    expect(fetcher.requests[0]?.signal.aborted).toBe(true);
    expect(fetcher.states()).toEqual(['running 1', 'cancelled 1']);
    expect(fetcher.actor.getSnapshot()).toMatchObject({ value: 'stopped', status: 'done' });
  });

  test('finishes a delivery before it stops, and refuses a run in between', async () => {
    const fetcher = startFetcher();
    fetcher.actor.send({ type: 'RUN', run });
    await fetcher.answer(fetched);
    fetcher.actor.send({ type: 'DRAIN' });
    fetcher.actor.send({ type: 'RUN', run: nextRun });
    expect(fetcher.actor.getSnapshot().value).toBe('delivering');
    await fetcher.delivered();
    expect(fetcher.reports.map(({ runId, state }) => [runId, state])).toEqual([
      [run.runId, 'running'],
      [nextRun.runId, 'cancelled'],
      [run.runId, 'success'],
    ]);
    expect(fetcher.actor.getSnapshot().status).toBe('done');
  });

  test('takes up a run that came during a delivery, as after a restart of the scheduler', async () => {
    const fetcher = startFetcher();
    fetcher.actor.send({ type: 'RUN', run });
    await fetcher.answer(fetched);
    fetcher.actor.send({ type: 'RUN', run: nextRun });
    await fetcher.delivered();
    expect(fetcher.reports.at(-1)).toMatchObject({ runId: nextRun.runId, state: 'running', attempt: 1 });
  });

  test('leaves a request for a newer run, and ignores the answer of the old one', async () => {
    const fetcher = startFetcher();
    fetcher.actor.send({ type: 'RUN', run });
    fetcher.actor.send({ type: 'RUN', run: nextRun });
    expect(fetcher.requests[0]?.signal.aborted).toBe(true);
    fetcher.requests[0]?.answer.resolve(wrong);
    await settled();
    expect(fetcher.actor.getSnapshot().value).toBe('fetching');
    expect(fetcher.reports.at(-1)).toMatchObject({ runId: nextRun.runId, state: 'running', attempt: 1 });
  });
});

describe('a fetcher fails as an actor, for its supervisor to restart', () => {
  test('when a request throws instead of giving an outcome', async () => {
    const fetcher = startFetcher({ fetch: () => Promise.reject(new Error('bug in fetch')) });
    fetcher.actor.send({ type: 'RUN', run });
    await settled();
    expect(fetcher.actor.getSnapshot().status).toBe('error');
    expect(fetcher.error()).toEqual(new Error('bug in fetch'));
  });

  test('when the log refuses a delivery', async () => {
    const refused = () => Promise.reject(new Error('partition is gone'));
    const fetcher = startFetcher({ fetch: () => Promise.resolve(fetchedOf(1, refused)) });
    fetcher.actor.send({ type: 'RUN', run });
    await settled();
    expect(fetcher.actor.getSnapshot().status).toBe('error');
    expect(fetcher.states()).toEqual(['running 1']);
  });

  test('when a port throws inside an action', () => {
    const fetcher = startFetcher({
      report: () => {
        throw new Error('no scheduler');
      },
    });
    fetcher.actor.send({ type: 'RUN', run });
    expect(fetcher.actor.getSnapshot().status).toBe('error');
    expect(fetcher.error()).toEqual(new Error('no scheduler'));
  });
});

describe('every path through the fetcher', () => {
  const done = (state: string) => `xstate.done.actor.0.fetcher.${state}`;
  const RETRY = 'xstate.after.retry.fetcher.up_for_retry';
  /** Stands for what the machine's own actors and timers send. */
  const internal = (type: string, output?: StepOutcome): FetcherEvent =>
    Object.assign(Object.create(null), { type, output });
  const events: FetcherEvent[] = [
    { type: 'RUN', run },
    { type: 'RUN', run: nextRun },
    { type: 'DRAIN' },
    internal(done('fetching'), fetched),
    internal(done('fetching'), overloaded),
    internal(done('fetching'), wrong),
    internal(done('delivering')),
    internal(RETRY),
  ];
  const inert: FetcherPorts = { fetch: async () => fetched, report: () => {} };
  const options = {
    input: { ports: inert, retry },
    events,
    limit: 5000,
    serializeState: ({ value, context }: ReturnType<typeof fetcherMachine.getInitialSnapshot>) =>
      JSON.stringify([value, context.run?.runId, context.nextRun?.runId, context.attempt, context.draining]) as never,
  };

  test('reaches each of its states, and no other', () => {
    const reached = new Set(getShortestPaths(fetcherMachine, options).map(({ state }) => state.value));
    expect(reached).toEqual(new Set(['idle', 'fetching', 'up_for_retry', 'delivering', 'stopped']));
  });

  /** A real fetcher that went the same way; each answer brings something new. */
  async function walk(steps: readonly { readonly event: FetcherEvent }[]) {
    const fetcher = startFetcher();
    for (const { event } of steps) {
      const type: string = event.type;
      if (type === 'RUN' || type === 'DRAIN') fetcher.actor.send(event);
      else if (type === done('delivering')) await fetcher.delivered();
      else if (type === RETRY) fetcher.clock.increment(120_000);
      else if (type === done('fetching') && 'output' in event) {
        await fetcher.answer(event.output as StepOutcome);
      }
    }
    return fetcher;
  }
  const simplePaths = () =>
    getSimplePaths(fetcherMachine, { ...options, stopWhen: (state) => state.context.attempt > 1 });

  test('leads a real fetcher to the state that the path says', async () => {
    const paths = simplePaths();
    expect(paths.length).toBeGreaterThan(20);
    for (const { steps, state } of paths) expect((await walk(steps)).actor.getSnapshot().value).toBe(state.value);
  });

  test('tells the scheduler how its last run has ended, once it has stopped', async () => {
    const stopped = simplePaths().filter(({ state }) => state.status === 'done');
    expect(stopped.length).toBeGreaterThan(5);
    for (const { steps } of stopped) {
      const last = steps.map(({ event }) => event).findLast((event) => event.type === 'RUN');
      if (last === undefined) continue;
      const { reports } = await walk(steps);
      const states = reports.filter(({ runId }) => runId === last.run.runId).map(({ state }) => state);
      expect(['success', 'failed', 'cancelled']).toContain(states.at(-1));
    }
  });
});
