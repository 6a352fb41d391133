/**
 * Projector: keeps the read models at the heels of the journal.
 *
 *   opening ──► projecting ──► resting ──► idle ──► gathering ──► projecting
 *      ▲             ├────────────┴─ DRAIN ──┴──────────┴──► catchingUp ──► stopped
 *      └─ waiting ◄──┘ no space, or a server that is away
 *
 * The work happens in the process that holds the stores; this machine decides when, and fails with it. It projects again at
 * once while it is behind, and otherwise waits for the journal to grow, so a slow store slows nothing but itself. Events
 * after a quiet time are soon in the store. Events that come steadily are gathered, since a small transaction costs more
 * for each event.
 */
import { assign, fromPromise, setup } from 'xstate';

export interface ProjectedOnce {
  readonly events: number;
  readonly caughtUp: boolean;
}

export interface ProjectorPorts {
  /** Opens the stores; a damaged or older one is replaced and then projected from the start. */
  open(): Promise<void>;
  /** Projects one transaction's worth. Resolves with the events that it read, and whether nothing durable is left. */
  project(): Promise<ProjectedOnce>;
  /**
   * Whether the error says that the store lacks space, descriptors or its server. The projector waits for these, since no
   * restart would bring any.
   */
  mayPass(error: unknown): boolean;
  /** How long to wait after so many failures in a row, in ms. */
  retryMs(failures: number): number;
}

export type ProjectorEvent =
  | { readonly type: 'GREW' }
  | { readonly type: 'DRAIN' }
  /** The process of a store has ended, or the store is damaged. */
  | { readonly type: 'LOST'; readonly error: Error };

interface Context {
  readonly ports: ProjectorPorts;
  readonly grew: boolean;
  /** In a row. */
  readonly failures: number;
}

/** How long to gather commits after a quiet time, in ms: a request or a file's end often makes several. */
export const GATHER_MS = 20;
/** Pause between two transactions, in ms: enough for rows to coalesce, and short enough for a live page. */
export const REST_MS = 500;

export const projectorMachine = setup({
  types: { context: {} as Context, input: {} as { ports: ProjectorPorts }, events: {} as ProjectorEvent },
  actors: {
    open: fromPromise<void, ProjectorPorts>(({ input }) => input.open()),
    project: fromPromise<ProjectedOnce, ProjectorPorts>(({ input }) => input.project()),
  },
  guards: {
    grew: ({ context }) => context.grew,
    mayPass: ({ context }, { error }: { error: unknown }) => context.ports.mayPass(error),
    behind: (_, { caughtUp }: ProjectedOnce) => !caughtUp,
    tookSome: (_, { events }: ProjectedOnce) => events > 0,
  },
  actions: {
    noteGrowth: assign({ grew: true }),
    forgetGrowth: assign({ grew: false }),
    noteFailure: assign({ failures: ({ context }) => context.failures + 1 }),
    noteSuccess: assign({ failures: 0 }),
    fail: (_, { error }: { error: Error }) => {
      throw error;
    },
  },
  delays: { gather: GATHER_MS, rest: REST_MS, retry: ({ context }) => context.ports.retryMs(context.failures) },
}).createMachine({
  id: 'projector',
  context: ({ input }) => ({ ports: input.ports, grew: true, failures: 0 }),
  initial: 'opening',
  on: {
    GREW: { actions: 'noteGrowth' },
    LOST: { actions: { type: 'fail', params: ({ event }) => event } },
  },
  states: {
    opening: {
      invoke: {
        src: 'open',
        input: ({ context }) => context.ports,
        onDone: 'projecting',
        onError: { guard: { type: 'mayPass', params: ({ event }) => event }, target: 'waiting' },
      },
      on: { DRAIN: 'stopped' },
    },
    waiting: {
      entry: 'noteFailure',
      after: { retry: 'opening' },
      on: { DRAIN: 'stopped' },
    },
    idle: {
      on: {
        GREW: { target: 'gathering', actions: 'noteGrowth' },
        DRAIN: 'catchingUp',
      },
    },
    gathering: {
      after: { gather: 'projecting' },
      on: { DRAIN: 'catchingUp' },
    },
    projecting: {
      entry: 'forgetGrowth',
      invoke: {
        src: 'project',
        input: ({ context }) => context.ports,
        onDone: [
          {
            guard: { type: 'behind', params: ({ event }) => event.output },
            target: 'projecting',
            reenter: true,
            actions: 'noteSuccess',
          },
          {
            guard: { type: 'tookSome', params: ({ event }) => event.output },
            target: 'resting',
            actions: 'noteSuccess',
          },
          { guard: 'grew', target: 'gathering', actions: 'noteSuccess' },
          { target: 'idle', actions: 'noteSuccess' },
        ],
        onError: { guard: { type: 'mayPass', params: ({ event }) => event }, target: 'waiting' },
      },
      // The transaction under way finishes; the next one, which catchingUp asks for, waits behind it.
      on: { DRAIN: 'catchingUp' },
    },
    resting: {
      after: { rest: [{ guard: 'grew', target: 'projecting' }, { target: 'idle' }] },
      on: { DRAIN: 'catchingUp' },
    },
    catchingUp: {
      invoke: {
        src: 'project',
        input: ({ context }) => context.ports,
        onDone: [
          {
            guard: { type: 'behind', params: ({ event }) => event.output },
            target: 'catchingUp',
            reenter: true,
          },
          { target: 'stopped' },
        ],
        // The journal has the missing events, and the next start projects them.
        onError: { guard: { type: 'mayPass', params: ({ event }) => event }, target: 'stopped' },
      },
    },
    stopped: { type: 'final' },
  },
});
