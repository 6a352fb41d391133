import { describe, expect, test } from 'vitest';
import { createActor, SimulatedClock } from 'xstate';
import { GATHER_MS, type ProjectedOnce, projectorMachine, REST_MS } from '../../src/actors/projector.ts';
import { deferred, settled } from './deferred.ts';

/** After the first failure; after each more so much more. */
const RETRY_MS = 1_000;

/** A projector whose transactions end when the test says so. */
function start() {
  const clock = new SimulatedClock();
  const opening = deferred<void>();
  const projections: ReturnType<typeof deferred<ProjectedOnce>>[] = [];
  const ports = {
    open: () => opening.promise,
    project: () => {
      const projection = deferred<ProjectedOnce>();
      projections.push(projection);
      return projection.promise;
    },
    mayPass: (error: unknown) => error instanceof Error && error.message === 'full',
    retryMs: (failures: number) => failures * RETRY_MS,
  };
  const actor = createActor(projectorMachine, { input: { ports }, clock });
  let error: unknown = null;
  actor.subscribe({
    error: (thrown) => {
      error = thrown;
    },
  });
  actor.start();
  const state = () => actor.getSnapshot().value;
  return {
    actor,
    clock,
    opening,
    state,
    status: () => actor.getSnapshot().status,
    error: () => error,
    /** Transactions begun so far. */
    begun: () => projections.length,
    async project(caughtUp: boolean, events = 1) {
      projections.at(-1)?.resolve({ caughtUp, events });
      await settled();
    },
    async fail(message: string) {
      projections.at(-1)?.reject(new Error(message));
      await settled();
    },
    async open() {
      opening.resolve();
      await settled();
    },
  };
}

async function idle() {
  const projector = start();
  await projector.open();
  await projector.project(true, 0);
  expect(projector.state()).toBe('idle');
  return projector;
}

describe('a projector', () => {
  test('opens the stores, and projects at once what the journal holds', async () => {
    const projector = start();
    expect([projector.state(), projector.begun()]).toEqual(['opening', 0]);
    await projector.open();
    expect([projector.state(), projector.begun()]).toEqual(['projecting', 1]);
  });

  test('goes on without a pause while it is behind, and rests when it has caught up', async () => {
    const projector = start();
    await projector.open();
    await projector.project(false);
    await projector.project(false);
    expect([projector.state(), projector.begun()]).toEqual(['projecting', 3]);
    await projector.project(true);
    expect([projector.state(), projector.begun()]).toEqual(['resting', 3]);
    projector.clock.increment(REST_MS);
    expect([projector.state(), projector.begun()]).toEqual(['idle', 3]);
  });

  test('gathers what comes shortly after a quiet time, and projects it in one transaction', async () => {
    const projector = await idle();
    projector.actor.send({ type: 'GREW' });
    projector.clock.increment(GATHER_MS - 1);
    projector.actor.send({ type: 'GREW' });
    expect([projector.state(), projector.begun()]).toEqual(['gathering', 1]);
    projector.clock.increment(1);
    expect([projector.state(), projector.begun()]).toEqual(['projecting', 2]);
  });

  test('projects what came while a transaction was under way, and a time after it, once that time is over', async () => {
    const projector = await idle();
    projector.actor.send({ type: 'GREW' });
    projector.clock.increment(GATHER_MS);
    projector.actor.send({ type: 'GREW' });
    await projector.project(true);
    projector.clock.increment(REST_MS - 1);
    projector.actor.send({ type: 'GREW' });
    expect([projector.state(), projector.begun()]).toEqual(['resting', 2]);
    projector.clock.increment(1);
    expect([projector.state(), projector.begun()]).toEqual(['projecting', 3]);
    await projector.project(true);
    projector.clock.increment(REST_MS);
    expect(projector.state()).toBe('idle');
  });

  test('does not rest after a transaction of nothing', async () => {
    const projector = start();
    await projector.open();
    projector.actor.send({ type: 'GREW' });
    await projector.project(true, 0);
    expect(projector.state()).toBe('gathering');
  });

  test('has one transaction under way at a time, however often the journal grows', async () => {
    const projector = await idle();
    for (let i = 0; i < 20; i++) {
      projector.actor.send({ type: 'GREW' });
      projector.clock.increment(GATHER_MS);
    }
    expect(projector.begun()).toBe(2);
  });
});

describe('a projector that is drained', () => {
  test('while it opens stops at once', () => {
    const projector = start();
    projector.actor.send({ type: 'DRAIN' });
    expect([projector.status(), projector.begun()]).toEqual(['done', 0]);
  });

  const ways = {
    idle: async () => idle(),
    gathering: async () => {
      const projector = await idle();
      projector.actor.send({ type: 'GREW' });
      return projector;
    },
    projecting: async () => {
      const projector = await idle();
      projector.actor.send({ type: 'GREW' });
      projector.clock.increment(GATHER_MS);
      return projector;
    },
    resting: async () => {
      const projector = await idle();
      projector.actor.send({ type: 'GREW' });
      projector.clock.increment(GATHER_MS);
      await projector.project(true);
      return projector;
    },
  };
  test.each(Object.entries(ways))('while %s catches up with the journal before it stops', async (state, reach) => {
    const projector = await reach();
    expect(projector.state()).toBe(state);
    const before = projector.begun();
    projector.actor.send({ type: 'DRAIN' });
    expect([projector.state(), projector.begun()]).toEqual(['catchingUp', before + 1]);
    await projector.project(false);
    expect([projector.state(), projector.begun()]).toEqual(['catchingUp', before + 2]);
    projector.clock.increment(10 * REST_MS);
    await projector.project(true);
    expect([projector.state(), projector.status()]).toEqual(['stopped', 'done']);
  });
});

describe('a projector fails', () => {
  test('when the stores cannot be opened', async () => {
    const projector = start();
    projector.opening.reject(new Error('no such directory'));
    await settled();
    expect(projector.error()).toMatchObject({ message: 'no such directory' });
  });

  test('when a transaction fails, also while it catches up', async () => {
    const projecting = start();
    await projecting.open();
    await projecting.fail('database is locked');
    expect([projecting.status(), projecting.error()]).toMatchObject(['error', { message: 'database is locked' }]);
    const catchingUp = await idle();
    catchingUp.actor.send({ type: 'DRAIN' });
    await catchingUp.fail('disk full');
    expect([catchingUp.status(), catchingUp.error()]).toMatchObject(['error', { message: 'disk full' }]);
  });

  test('waits for space on a full disk, opens the stores again, and goes on', async () => {
    const projector = await idle();
    projector.actor.send({ type: 'GREW' });
    projector.clock.increment(GATHER_MS);
    await projector.fail('full');
    expect([projector.state(), projector.status()]).toEqual(['waiting', 'active']);
    projector.clock.increment(RETRY_MS);
    expect(projector.state()).toBe('opening');
    await settled();
    expect([projector.state(), projector.begun()]).toEqual(['projecting', 3]);
  });

  test('stops at once when the disk is full: the next start projects what is missing', async () => {
    const waiting = await idle();
    waiting.actor.send({ type: 'GREW' });
    waiting.clock.increment(GATHER_MS);
    await waiting.fail('full');
    waiting.actor.send({ type: 'DRAIN' });
    expect(waiting.status()).toBe('done');
    const draining = await idle();
    draining.actor.send({ type: 'GREW' });
    draining.actor.send({ type: 'DRAIN' });
    await draining.fail('full');
    expect(draining.status()).toBe('done');
  });

  test('waits as well when the stores can not even be opened for want of space', async () => {
    const projector = start();
    projector.opening.reject(new Error('full'));
    await settled();
    expect([projector.state(), projector.status()]).toEqual(['waiting', 'active']);
  });
});
