import { describe, expect, it, vi } from 'vitest';
import { type AnyStateMachine, assign, fromPromise, setup } from 'xstate';
import { adjacencyMapToArray, getAdjacencyMap } from 'xstate/graph';
import { newChild } from '../../src/actors/child-table.ts';
import { LastingError, NO_RESTARTS } from '../../src/actors/restart-policy.ts';
import { type ActorStatus, type RunningChild, startSupervised } from '../../src/actors/supervised.ts';
import {
  type ChildSpec,
  type RestartStrategy,
  type RunningSupervisor,
  startSupervisor,
  supervisorMachine,
  supervisorSpec,
} from '../../src/actors/supervisor.ts';
import { createWorld, settle, type World } from './supervision-fixture.ts';

interface Tree {
  readonly root: RunningSupervisor;
  readonly escalations: Error[];
}

async function startTree(
  world: World,
  children: readonly ChildSpec[],
  strategy: RestartStrategy = 'one_for_one',
): Promise<Tree> {
  const escalations: Error[] = [];
  const root = startSupervisor(
    { id: 'root', kind: 'root', parent: '', strategy, children, ports: world.ports },
    { failed: (error) => escalations.push(error), stopped: () => {} },
  );
  await settle();
  return { root, escalations };
}

function stateOf(root: RunningChild, id: string): string | undefined {
  const find = (all: readonly ActorStatus[]): ActorStatus | undefined => {
    for (const one of all) {
      const found = one.name === id ? one : find(one.children);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return find(root.children?.() ?? [])?.state;
}

it('what is sent to an actor that has ended is dropped without a word', async () => {
  const late = fromPromise<void>(() => settle());
  const machine = setup({ actors: { late } }).createMachine({
    initial: 'waits',
    states: { waits: { invoke: { src: 'late' }, on: { DRAIN: 'ended' } }, ended: { type: 'final' } },
  });
  const said = vi.spyOn(console, 'warn').mockReturnValue();
  const actor = startSupervised(machine, undefined, { failed() {}, stopped() {} });
  await actor.child.drain();
  actor.send({ type: 'DRAIN' });
  await actor.child.drain();
  expect(said).not.toHaveBeenCalled();
  said.mockRestore();
  expect(actor.child.state()).toBe('stopped');
});

describe('children that come and go', () => {
  it('come first, so that what feeds them is stopped before them', async () => {
    const world = createWorld();
    const { root } = await startTree(world, [world.child('source')]);
    expect(root.add(world.child('late'))).toBe(true);
    await settle();
    expect(world.happened).toEqual(['start source', 'start late']);
    expect(root.children?.().map(({ name, state }) => [name, state])).toEqual([
      ['late', 'running'],
      ['source', 'running'],
    ]);
    await root.drain();
    expect(world.happened.filter((what) => what.startsWith('drain'))).toEqual(['drain source', 'drain late']);
  });

  it('are restarted like all others while they are there', async () => {
    const world = createWorld();
    const { root } = await startTree(world, [world.child('a')]);
    root.add(world.child('late'));
    await settle();
    world.fail('late', 'oops');
    await world.pass(100);
    expect(world.happened).toEqual(['start a', 'start late', 'kill late', 'start late']);
    expect(stateOf(root, 'late')).toBe('running');
  });

  it('are drained when they go, and the others never notice', async () => {
    const world = createWorld();
    let drained = (): void => {};
    const slow = world.child('slow', { drain: () => new Promise((resolve) => (drained = resolve)) });
    const { root } = await startTree(world, [world.child('a'), slow, world.child('b')]);
    let isGone = false;
    const gone = root.remove('slow').then(() => (isGone = true));
    await settle();
    expect([isGone, stateOf(root, 'slow')]).toEqual([false, 'running']);
    drained();
    await gone;
    expect(stateOf(root, 'slow')).toBeUndefined();
    expect(world.happened.slice(3)).toEqual(['drain slow', 'kill slow']);
    expect([stateOf(root, 'a'), stateOf(root, 'b'), root.state()]).toEqual(['running', 'running', 'running']);
  });

  it('are not started again when they fail while they go, or wait for a restart', async () => {
    for (const isFailedBefore of [true, false]) {
      const world = createWorld();
      const stuck = world.child('stuck', { drain: () => new Promise(() => {}) });
      const { root, escalations } = await startTree(world, [stuck]);
      if (isFailedBefore) world.fail('stuck', 'oops');
      await settle();
      const gone = root.remove('stuck');
      await settle();
      if (!isFailedBefore) world.fail('stuck', 'oops');
      await gone;
      await world.pass(10_000);
      expect(world.happened.filter((what) => what === 'start stuck')).toHaveLength(1);
      expect([root.children?.(), escalations]).toEqual([[], []]);
    }
  });

  it('may come again, and what the one before still says is of the past', async () => {
    const world = createWorld();
    const { root } = await startTree(world, [world.child('a')]);
    expect(root.add(world.child('a'))).toBe(false);
    await root.remove('a');
    expect(root.add(world.child('a'))).toBe(true);
    await settle();
    world.fail('a', 'long gone', 0);
    await world.pass(1000);
    expect(world.happened).toEqual(['start a', 'drain a', 'kill a', 'start a']);
    expect(root.children?.()[0]).toMatchObject({ state: 'running', restarts: 0, lastError: null });
  });

  it('do not come to a supervisor that is ending', async () => {
    const world = createWorld();
    let drained = (): void => {};
    const slow = world.child('slow', { drain: () => new Promise((resolve) => (drained = resolve)) });
    const { root } = await startTree(world, [slow]);
    const ended = root.drain();
    await settle();
    expect(root.add(world.child('late'))).toBe(false);
    const gone = root.remove('slow');
    drained();
    await Promise.all([ended, gone]);
    expect(root.add(world.child('late'))).toBe(false);
    await root.remove('nobody');
    expect(world.happened.filter((what) => what.startsWith('start'))).toEqual(['start slow']);
  });
});

describe('a supervisor that starts', () => {
  it('starts a child once the one before it has started', async () => {
    const world = createWorld();
    let ready = (): void => {};
    const slow = world.child('a', { start: () => new Promise((resolve) => (ready = resolve)) });
    const { root } = await startTree(world, [slow, world.child('b')]);
    expect(world.happened).toEqual(['start a']);
    expect(root.state()).toBe('starting');
    ready();
    await settle();
    expect(world.happened).toEqual(['start a', 'start b']);
    expect(root.state()).toBe('running');
  });

  it('counts a start that fails as a failure, and tries it again after the backoff', async () => {
    const world = createWorld();
    const flaky = world.child('a', {
      start(attempt) {
        if (attempt === 0) throw new Error('no port');
      },
    });
    const { root } = await startTree(world, [flaky, world.child('b')]);
    expect(stateOf(root, 'a')).toBe('restarting');
    await world.pass(99);
    expect(world.happened).toEqual(['start a']);
    await world.pass(1);
    expect(world.happened).toEqual(['start a', 'start a', 'start b']);
    expect(root.children?.()[0]).toMatchObject({ restarts: 1, lastError: 'no port', state: 'running' });
  });

  it('restarts one child while the start of another still waits for it', async () => {
    const world = createWorld();
    let ready = (): void => {};
    const waits = world.child('b', { start: () => new Promise((resolve) => (ready = resolve)) });
    const { root } = await startTree(world, [world.child('a'), waits]);
    world.fail('a', 'lost');
    await world.pass(100);
    expect(world.happened).toEqual(['start a', 'start b', 'kill a', 'start a']);
    ready();
    await settle();
    expect(root.state()).toBe('running');
  });
});

describe('a start that still waits', () => {
  it('holds back the children after it while one before it is restarted', async () => {
    const world = createWorld();
    let ready = (): void => {};
    const slow = world.child('b', { start: () => new Promise((resolve) => (ready = resolve)) });
    await startTree(world, [world.child('a'), slow, world.child('c')]);
    world.fail('a', 'lost');
    await world.pass(100);
    expect(world.happened).toEqual(['start a', 'start b', 'kill a', 'start a']);
    ready();
    await settle();
    expect(world.happened.slice(4)).toEqual(['start c']);
  });
});

describe('one_for_one', () => {
  it('restarts only the child that failed', async () => {
    const world = createWorld();
    const { root } = await startTree(world, [world.child('a'), world.child('b')]);
    world.fail('b', 'boom');
    expect(stateOf(root, 'b')).toBe('restarting');
    expect(stateOf(root, 'a')).toBe('running');
    await world.pass(100);
    expect(world.happened).toEqual(['start a', 'start b', 'kill b', 'start b']);
    expect(world.changes.map(({ actor, change }) => `${actor} ${change}`)).toEqual([
      'root/b failed',
      'root/b restarting',
      'root/b started',
    ]);
  });

  it('does not restart a child that has come to its end', async () => {
    const world = createWorld();
    const { root } = await startTree(world, [world.child('a')]);
    world.starts.get('a')?.[0]?.stopped();
    await world.pass(10_000);
    expect(stateOf(root, 'a')).toBe('stopped');
    expect(world.starts.get('a')).toHaveLength(1);
    expect(world.changes).toMatchObject([{ actor: 'root/a', change: 'stopped', error: null }]);
  });

  it('ignores what an earlier incarnation still says', async () => {
    const world = createWorld();
    const { root, escalations } = await startTree(world, [world.child('a')]);
    world.fail('a', 'first');
    for (let i = 0; i < 5; i++) world.fail('a', 'late', 0);
    await world.pass(100);
    for (let i = 0; i < 5; i++) world.fail('a', 'late', 0);
    world.starts.get('a')?.[0]?.stopped();
    expect(stateOf(root, 'a')).toBe('running');
    expect(escalations).toEqual([]);
    expect(world.starts.get('a')).toHaveLength(2);
    expect(world.changes.filter(({ change }) => change === 'failed')).toHaveLength(1);
  });

  it('kills a child whose start ends after its incarnation is over', async () => {
    const world = createWorld();
    const arrivals: (() => void)[] = [];
    const slow = world.child('a', { start: () => new Promise((resolve) => arrivals.push(resolve)) });
    await startTree(world, [slow]);
    world.fail('a', 'gave up');
    expect(world.starts.get('a')?.[0]?.signal?.aborted).toBe(true);
    arrivals[0]?.();
    await settle();
    expect(world.happened).toEqual(['start a', 'kill a']);
  });
});

describe('one_for_all', () => {
  it('kills the others in reverse order and starts all of them again in order', async () => {
    const world = createWorld();
    const { root } = await startTree(world, [world.child('a'), world.child('b'), world.child('c')], 'one_for_all');
    world.happened.length = 0;
    world.fail('b', 'boom');
    expect(world.happened).toEqual(['kill b', 'kill c', 'kill a']);
    expect(root.state()).toBe('restarting');
    expect(root.children?.().map(({ state }) => state)).toEqual(['restarting', 'restarting', 'restarting']);
    await world.pass(100);
    expect(world.happened.slice(3)).toEqual(['start a', 'start b', 'start c']);
    expect(root.state()).toBe('running');
  });
});

describe('escalation', () => {
  it('comes with the failure that follows `intensity` restarts, after the others have stopped in order', async () => {
    const world = createWorld();
    const { root, escalations } = await startTree(world, [world.child('a'), world.child('b'), world.child('c')]);
    for (const message of ['one', 'two']) {
      world.fail('c', message);
      await world.pass(1000);
    }
    world.happened.length = 0;
    world.fail('c', 'three');
    await settle();
    expect(world.happened).toEqual(['kill c', 'drain b', 'kill b', 'drain a', 'kill a']);
    expect(escalations.map(({ message }) => message)).toEqual([
      'root/c failed again after 2 restarts within 60000 ms: three',
    ]);
    expect(root.state()).toBe('failed');
    expect(world.changes.at(-3)).toMatchObject({ actor: 'root/c', change: 'escalated', restarts: 2 });
  });

  it('comes at once with a failure that restarts can not mend', async () => {
    const world = createWorld();
    const { root, escalations } = await startTree(world, [world.child('a'), world.child('b')]);
    const lasting = new LastingError('no such column');
    world.fail('b', lasting);
    await settle();
    expect(escalations).toEqual([lasting]);
    expect(root.state()).toBe('failed');
    expect(world.changes.at(-2)).toMatchObject({ actor: 'root/b', change: 'escalated', error: 'no such column' });
  });

  it('of an inner supervisor is a failure of its child in the outer, which starts it afresh', async () => {
    const world = createWorld();
    const inner = supervisorSpec({
      id: 'inner',
      kind: 'group',
      parent: 'root',
      strategy: 'one_for_all',
      children: [world.child('a'), world.child('b')],
      ports: world.ports,
    });
    const { root, escalations } = await startTree(world, [inner, world.child('outer')]);
    for (let i = 0; i < 3; i++) {
      world.fail('a', `failure ${i}`);
      await settle();
      await world.pass(1000);
    }
    await settle();
    expect(escalations).toEqual([]);
    expect(world.changes.map(({ actor, change }) => `${actor} ${change}`)).toContain('root/inner failed');
    expect(root.children?.()[0]).toMatchObject({ path: 'root/inner', state: 'running', restarts: 1 });
    expect(root.children?.()[0]?.children).toMatchObject([
      { path: 'root/inner/a', state: 'running', restarts: 0 },
      { path: 'root/inner/b', state: 'running', restarts: 0 },
    ]);
    expect(world.starts.get('outer')).toHaveLength(1);
  });

  it('reaches the root when the inner supervisor keeps escalating', async () => {
    const world = createWorld({
      policy: { intensity: 1, periodMs: 60_000, minBackoffMs: 100, maxBackoffMs: 100, jitter: 0 },
    });
    const { ports } = world;
    const children = [world.child('a')];
    const inner = supervisorSpec({
      id: 'inner',
      kind: 'group',
      parent: 'root',
      strategy: 'one_for_one',
      children,
      ports,
    });
    const { escalations } = await startTree(world, [inner]);
    // Each life of the inner one bears one restart; the root bears one life more.
    for (let i = 0; i < 4; i++) {
      expect(escalations).toEqual([]);
      world.fail('a', `failure ${i}`);
      await settle();
      await world.pass(100);
    }
    await settle();
    expect(escalations).toHaveLength(1);
    expect(escalations[0]?.message).toContain('failure 3');
    expect(world.starts.get('a')).toHaveLength(4);
  });
});

describe('an orderly shutdown', () => {
  it('stops the children one after the other in reverse order of start', async () => {
    const world = createWorld();
    let release = (): void => {};
    const slow = world.child('c', { drain: () => new Promise((resolve) => (release = resolve)) });
    const { root } = await startTree(world, [world.child('a'), world.child('b'), slow]);
    world.happened.length = 0;
    const stopped = root.drain();
    await settle();
    expect(world.happened).toEqual(['drain c']);
    release();
    await stopped;
    expect(world.happened).toEqual(['drain c', 'kill c', 'drain b', 'kill b', 'drain a', 'kill a']);
    expect(root.state()).toBe('stopped');
  });

  it('kills a child that hangs once its bound has passed, and goes on', async () => {
    const world = createWorld();
    const hangs = world.child('b', { drain: () => new Promise(() => {}) });
    const { root } = await startTree(world, [world.child('a'), hangs]);
    world.happened.length = 0;
    const stopped = root.drain();
    await settle();
    await world.pass(4999);
    await settle();
    expect(world.happened).toEqual(['drain b']);
    await world.pass(1);
    await stopped;
    expect(world.happened).toEqual(['drain b', 'kill b', 'drain a', 'kill a']);
    expect(world.changes[0]).toMatchObject({ actor: 'root/b', change: 'failed' });
    expect(world.changes[0]?.error).toContain('5000 ms');
  });

  it('goes on when a child fails while it stops, and restarts nothing', async () => {
    const world = createWorld();
    const dies = world.child('b', {
      drain() {
        world.fail('b', 'died');
        return new Promise(() => {});
      },
    });
    const { root } = await startTree(world, [world.child('a'), dies]);
    await root.drain();
    await world.pass(10_000);
    expect(world.starts.get('b')).toHaveLength(1);
    expect(world.changes.map(({ actor, change }) => `${actor} ${change}`)).toEqual(['root/b failed', 'root/a stopped']);
  });

  it('cancels a restart that waits for its backoff', async () => {
    const world = createWorld();
    const { root } = await startTree(world, [world.child('a')]);
    world.fail('a', 'boom');
    await root.drain();
    await world.pass(10_000);
    expect(world.starts.get('a')).toHaveLength(1);
  });

  it('starts nothing any more, even when the child that the others waited for ends', async () => {
    const world = createWorld();
    const slow = world.child('a', { start: () => new Promise(() => {}) });
    const { root } = await startTree(world, [slow, world.child('b'), world.child('c'), world.child('d')]);
    const stopped = root.drain();
    world.starts.get('a')?.[0]?.stopped();
    await stopped;
    expect(world.happened).toEqual(['start a']);
    expect(root.state()).toBe('stopped');
  });

  it('waits for every child of an inner supervisor, each within its own bound', async () => {
    const world = createWorld();
    const hangs = { drain: (): Promise<void> => new Promise(() => {}) };
    const inner = supervisorSpec({
      id: 'inner',
      kind: 'group',
      parent: 'root',
      strategy: 'one_for_one',
      children: [world.child('a', hangs), world.child('b', hangs)],
      ports: world.ports,
    });
    const { root } = await startTree(world, [inner]);
    const stopped = root.drain();
    for (const killed of ['b', 'a']) {
      await settle();
      await world.pass(5000);
      await settle();
      expect(world.happened).toContain(`kill ${killed}`);
    }
    await stopped;
  });
});

describe('a supervisor whose own port throws', () => {
  it('leaves no child behind and reports its failure', async () => {
    const world = createWorld({
      record: () => {
        throw new Error('the journal is gone');
      },
    });
    const { root, escalations } = await startTree(world, [world.child('a'), world.child('b')]);
    world.fail('a', 'boom');
    expect(escalations.map(({ message }) => message)).toEqual(['the journal is gone']);
    expect(world.happened).toContain('kill b');
    expect(root.state()).toBe('failed');
  });
});

describe('killing a tree', () => {
  it('kills what is below it', async () => {
    const world = createWorld();
    const { ports } = world;
    const inner = supervisorSpec({
      id: 'inner',
      kind: 'group',
      parent: 'root',
      strategy: 'one_for_one',
      children: [world.child('a')],
      ports,
    });
    const { root } = await startTree(world, [inner]);
    root.kill();
    expect(world.happened).toEqual(['start a', 'kill a']);
  });
});

describe('a machine as a supervised actor', () => {
  const stages: string[] = [];
  const aborted: boolean[] = [];
  const machine = setup({
    types: { context: {} as { n: number }, input: {} as object, events: {} as { type: 'THROW' } | { type: 'DRAIN' } },
    actors: {
      work: fromPromise<void, void>(
        ({ signal }) => new Promise(() => signal.addEventListener('abort', () => aborted.push(true))),
      ),
    },
    actions: {
      explode: () => {
        throw new Error('in an action');
      },
    },
  }).createMachine({
    context: { n: 0 },
    initial: 'on',
    states: {
      on: {
        initial: 'low',
        invoke: { src: 'work' },
        states: { low: { entry: assign({ n: 1 }) } },
        on: { THROW: { actions: 'explode' }, DRAIN: 'off' },
      },
      off: { type: 'final' },
    },
  });

  it('turns a throw in an action into a failure, and stops what the machine had invoked', async () => {
    const failures: Error[] = [];
    const actor = startSupervised(
      machine,
      {},
      {
        failed: (error) => failures.push(error),
        stopped: () => {},
        changed: (state) => stages.push(state),
      },
    );
    expect(actor.child.state()).toBe('on.low');
    actor.send({ type: 'THROW' });
    expect(failures.map(({ message }) => message)).toEqual(['in an action']);
    expect(actor.error()).toBe(failures[0]);
    expect(actor.child.state()).toBe('failed');
    expect(aborted).toEqual([true]);
    expect(stages).toEqual(['on.low']);
  });

  it('resolves its drain at the final state and says that it stopped', async () => {
    let stops = 0;
    const actor = startSupervised(machine, {}, { failed: () => {}, stopped: () => (stops += 1) });
    await actor.child.drain();
    expect(stops).toBe(1);
    expect(actor.child.state()).toBe('stopped');
  });
});

describe('every path through the supervisor machine', () => {
  const world = createWorld();
  const row = { id: 'a', incarnation: 0 };
  const error = new Error('boom');
  const stopped = (state: string) => ({ type: `xstate.done.actor.0.supervisor.${state}` });
  const events = [
    { type: 'CHILD_STARTED', ...row },
    { type: 'CHILD_STOPPED', ...row },
    { type: 'CHILD_FAILED', ...row, error },
    { type: 'RESTART_LATER', ...row, delayMs: 1 },
    { type: 'RESTART_DUE', ...row },
    { type: 'RESTART_ALL', delayMs: 1 },
    { type: 'ESCALATE', error },
    { type: 'DRAIN' },
    { type: 'xstate.after.backoff.supervisor.restarting' },
    stopped('draining'),
    stopped('escalating'),
  ];
  // Widened, because xstate's own events are not among those of the machine's type.
  const logic: AnyStateMachine = supervisorMachine;

  /** State to event type to next state. */
  function edges(children: readonly ChildSpec[]): Map<string, Map<string, string>> {
    const table = { rows: children.map(newChild), history: NO_RESTARTS };
    const map = getAdjacencyMap(logic, {
      input: { path: 'root', strategy: 'one_for_all', table, ports: world.ports },
      events,
      serializeState: ({ value }) => String(value),
      limit: 1000,
    });
    const targets = new Map<string, Map<string, string>>();
    for (const { state, event, nextState } of adjacencyMapToArray(map)) {
      const from = String(state.value);
      targets.set(from, (targets.get(from) ?? new Map<string, string>()).set(event.type, String(nextState.value)));
    }
    return targets;
  }
  const all = [...edges([]), ...edges([world.child('a')])];

  it('stays within the diagram and reaches all of it', () => {
    expect(new Set(all.map(([state]) => state))).toEqual(
      new Set(['starting', 'running', 'restarting', 'draining', 'stopped', 'escalating', 'escalated']),
    );
  });

  it('leads from each live state to draining and to escalating', () => {
    const live = all.filter(([state]) => ['starting', 'running', 'restarting'].includes(state));
    for (const [, next] of live) {
      expect(next.get('DRAIN')).toBe('draining');
      expect(next.get('ESCALATE')).toBe('escalating');
    }
  });

  it('leaves draining and escalating only once everything has stopped', () => {
    for (const [state, next] of all) {
      if (state !== 'draining' && state !== 'escalating') continue;
      const ends = new Set([...next.values()].filter((target) => target !== state));
      expect(ends).toEqual(new Set([state === 'draining' ? 'stopped' : 'escalated']));
    }
  });

  it('starts a group again after its backoff', () => {
    const next = all.filter(([state]) => state === 'restarting').map(([, targets]) => targets);
    expect(next.map((targets) => targets.get('xstate.after.backoff.supervisor.restarting'))).toContain('starting');
  });
});
