import { expect, test } from 'vitest';
import { assign, createActor, SimulatedClock, setup } from 'xstate';

/** A case that expires when nothing has hit it for a while. */
const caseMachine = setup({
  types: { context: {} as { hits: number }, events: {} as { type: 'HIT' } | { type: 'CLOSE' } },
  delays: { quiet: 7 * 86_400_000 },
}).createMachine({
  context: { hits: 0 },
  initial: 'open',
  states: {
    open: {
      after: { quiet: 'expired' },
      on: {
        HIT: { target: 'open', reenter: true, actions: assign({ hits: ({ context }) => context.hits + 1 }) },
        CLOSE: 'closed',
      },
    },
    closed: { type: 'final' },
    expired: { type: 'final' },
  },
});

test('a case expires a week after its last hit, and not before', () => {
  const clock = new SimulatedClock();
  const actor = createActor(caseMachine, { clock }).start();
  clock.increment(6 * 86_400_000);
  actor.send({ type: 'HIT' });
  clock.increment(6 * 86_400_000);
  expect(actor.getSnapshot()).toMatchObject({ value: 'open', context: { hits: 1 } });
  clock.increment(86_400_000);
  expect(actor.getSnapshot().value).toBe('expired');
});
