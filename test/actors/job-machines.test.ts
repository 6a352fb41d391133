/** The machines of jobs: every path through scheduler, run and step, and what becomes of an attempt whose actor fails. */
import { describe, expect, it } from 'vitest';
import { type AnyMachineSnapshot, type AnyStateMachine, createActor } from 'xstate';
import { adjacencyMapToArray, getAdjacencyMap } from 'xstate/graph';
import { type AttemptOrder, runMachine } from '../../src/actors/run.ts';
import { schedulerMachine } from '../../src/actors/scheduler.ts';
import { stepMachine } from '../../src/actors/step.ts';
import type { AttemptEnd } from '../../src/jobs/reports.ts';
import { noJobs } from '../../src/jobs/runs.ts';
import type { StepOutcome } from '../../src/steps/step.ts';
import { settle } from './supervision-fixture.ts';

interface Edge {
  readonly from: string;
  readonly event: string;
  readonly to: string;
  readonly before: AnyMachineSnapshot;
  readonly after: AnyMachineSnapshot;
}

const nameOf = ({ value }: AnyMachineSnapshot): string =>
  typeof value === 'string' ? value : Object.entries(value).flat().join('.');

/** Widened, because xstate's own events are not among those of a machine's type. */
function edgesOf(
  logic: AnyStateMachine,
  input: object,
  events: readonly { readonly type: string }[],
  more: (context: Record<string, unknown>) => string = () => '',
): readonly Edge[] {
  const map = getAdjacencyMap(logic, {
    input,
    events: [...events],
    serializeState: (snapshot) => `${JSON.stringify(snapshot.value)} ${more(snapshot.context)}`,
    limit: 5000,
  });
  return adjacencyMapToArray(map).map(({ state, event, nextState }) => ({
    from: nameOf(state),
    event: event.type,
    to: nameOf(nextState),
    before: state,
    after: nextState,
  }));
}

const statesOf = (edges: readonly Edge[]) => new Set(edges.flatMap(({ from, to }) => [from, to]));

const DONE: StepOutcome = { kind: 'done', records: 3, output: { n: 1 } };
const never = (): Promise<StepOutcome> => new Promise(() => {});

describe('every path through an attempt of a step', () => {
  const edges = edgesOf(stepMachine, { attempt: never, timeoutMs: 5 }, [
    { type: 'xstate.done.actor.0.step.attempting', output: DONE },
    { type: 'xstate.done.actor.0.step.attempting', output: { kind: 'permanent', reason: 'no' } },
    { type: 'xstate.error.actor.0.step.attempting', error: new Error('thrown') },
    { type: 'xstate.done.actor.0.step.publishing' },
    { type: 'xstate.error.actor.0.step.publishing', error: new Error('refused') },
    { type: 'xstate.after.timeout.step.attempting' },
    { type: 'STOP', reason: 'asked' },
  ] as readonly { readonly type: string }[]);

  it('reaches every state of the diagram, and none besides', () => {
    expect(statesOf(edges)).toEqual(new Set(['attempting', 'publishing', 'ended']));
  });

  it('ends each way with what became of it, and leaves what is on its way to a stream alone', () => {
    const ends = edges.filter(({ from, to }) => from !== to && to === 'ended');
    expect(new Set(ends.map(({ from, after }) => `${from}: ${after.output.kind}`))).toEqual(
      new Set([
        ...['attempting: permanent', 'attempting: retryable', 'attempting: timed_out', 'attempting: stopped'],
        ...['publishing: done', 'publishing: retryable'],
      ]),
    );
    expect(edges.some(({ from, event, to }) => from === 'publishing' && event === 'STOP' && to !== from)).toBe(false);
    expect(edges.filter(({ from }) => from === 'ended').every(({ to }) => to === 'ended')).toBe(true);
  });
});

function orderOf(id: string, ends: AttemptEnd[], attempt: AttemptOrder['attempt'] = never): AttemptOrder {
  return { id, timeoutMs: 60_000, attempt, ended: (end) => ends.push(end) };
}

describe('every path through a run', () => {
  const ends: AttemptEnd[] = [];
  const end: AttemptEnd = { kind: 'done', records: 0, output: null };
  const edges = edgesOf(
    runMachine,
    {},
    [
      { type: 'BEGIN', order: orderOf('a', ends) },
      { type: 'BEGIN', order: orderOf('b', ends) },
      { type: 'ENDED', id: 'a', end },
      { type: 'ENDED', id: 'b', end },
      { type: 'STOP', reason: 'asked' },
      { type: 'CLOSE' },
    ] as readonly { readonly type: string }[],
    ({ steps }) =>
      Object.keys(steps ?? {})
        .sort()
        .join(' '),
  );

  it('reaches every state of the diagram, and none besides', () => {
    expect(statesOf(edges)).toEqual(new Set(['idle', 'working', 'stopping', 'closed']));
  });

  it('is at work exactly while it has attempts, and closes only without any', () => {
    for (const { after, to } of edges) {
      const count = Object.keys(after.context.steps).length;
      expect(`${to} ${count > 0}`).toBe(`${to} ${to === 'working' || to === 'stopping'}`);
    }
    expect(new Set(edges.filter(({ from, to }) => to === 'closed' && from !== to).map(({ from }) => from))).toEqual(
      new Set(['idle']),
    );
  });

  it('begins nothing while it stops', () => {
    const begun = edges.filter(({ from, event }) => from === 'stopping' && event === 'BEGIN');
    expect(begun.length).toBeGreaterThan(0);
    for (const { before, after } of begun) {
      expect(Object.keys(after.context.steps)).toEqual(Object.keys(before.context.steps));
    }
  });
});

it('an attempt under way whose actor fails is aborted, and is told to be tried again', async () => {
  const ends: AttemptEnd[] = [];
  let aborted: unknown = null;
  const failing = stepMachine.provide({
    actions: {
      keepStop: () => {
        throw new Error('the fault');
      },
    },
  });
  const run = createActor(runMachine.provide({ actors: { step: failing } })).start();
  const attempt = (signal: AbortSignal): Promise<StepOutcome> =>
    new Promise((_, reject) => {
      const stop = (): void => {
        aborted = signal.reason;
        reject(signal.reason);
      };
      if (signal.aborted) stop();
      else signal.addEventListener('abort', stop);
    });
  run.send({ type: 'BEGIN', order: orderOf('a', ends, attempt) });
  await settle();
  expect(aborted).toBeNull();
  run.send({ type: 'STOP', reason: 'asked' });
  await settle();
  expect(ends).toEqual([{ kind: 'retryable', reason: 'Its actor failed: the fault', waitMs: null }]);
  expect(aborted).toMatchObject({ message: 'Its actor failed: the fault' });
  expect(run.getSnapshot().value).toBe('idle');
});

describe('every path through the scheduler', () => {
  const ports = {
    nowMs: () => 0,
    recover: async () => noJobs(),
    record: async () => {},
    recovered: () => {},
    begin: () => {},
    stop: () => {},
    close: () => {},
    warn: () => {},
  };
  const publication = { table: 't', runId: 'r', job: 'j', start: 0, end: 0, rows: 0, hash: '', publishedAt: 0 };
  const retention = { kind: 'pause', event: { job: 'j', paused: true, changedAt: 0 } };
  /** It has something to record once, and again whenever it is asked to look. */
  let isNews = true;
  const planner = {
    jobs: new Map(),
    decide: () => {
      isNews = !isNews;
      return isNews ? [retention] : [];
    },
    sleepMs: () => 1000,
    ahead: () => [],
  };
  const edges = edgesOf(
    schedulerMachine,
    { ports, planner },
    [
      { type: 'xstate.done.actor.0.scheduler.recovering', output: noJobs() },
      { type: 'xstate.done.actor.0.scheduler.running.recording' },
      { type: 'xstate.done.actor.0.scheduler.stopping.recording' },
      { type: 'xstate.after.sleep.scheduler.running.waiting' },
      { type: 'LOOK' },
      { type: 'PUBLISHED', publication },
      { type: 'COMMAND', command: { kind: 'pause', job: 'none' }, reply: () => {} },
      { type: 'DRAIN' },
    ] as readonly { readonly type: string }[],
    ({ outbox, recording, draining }) => JSON.stringify([outbox, recording, draining]),
  );

  it('rests in every state of the diagram that waits for something, and in none besides', () => {
    const resting = ['recovering', 'running.recording', 'running.waiting', 'stopped'];
    expect(statesOf(edges)).toEqual(new Set(resting));
  });

  it('has handed something to the journal exactly while it records, and never twice', () => {
    for (const { after, to } of edges) {
      const isRecording = to.endsWith('recording');
      expect(`${to} ${after.context.recording.length > 0}`).toBe(`${to} ${isRecording}`);
    }
    const again = edges.filter(
      ({ from, to, event }) =>
        from === to && to === 'running.recording' && event !== 'xstate.done.actor.0.scheduler.running.recording',
    );
    for (const { before, after } of again) expect(after.context.recording).toBe(before.context.recording);
  });

  it('stops once it is to drain: at once where nothing is on its way, else when that is recorded', () => {
    const drained = edges.filter(({ event, from }) => event === 'DRAIN' && from !== 'stopped');
    expect(new Set(drained.map(({ from, to }) => `${from} to ${to}`))).toEqual(
      new Set(['recovering to stopped', 'running.recording to running.recording', 'running.waiting to stopped']),
    );
    for (const { before, event, to } of edges) {
      const isOver = event === 'xstate.done.actor.0.scheduler.running.recording' && before.context.draining === true;
      if (isOver && before.value !== 'stopped') expect(to).toBe('stopped');
    }
    expect(edges.filter(({ from }) => from === 'stopped').every(({ to }) => to === 'stopped')).toBe(true);
  });
});
