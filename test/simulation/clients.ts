/** Clients of the HTTP ingest: what they were told is committed is in the log once, and nothing ever twice. */
import type { Transaction } from '../../src/messages/payments.ts';
import { transactionType } from '../../src/messages/types.ts';
import { createIngest } from '../../src/service/ingest.ts';
import type { Service } from '../../src/service.ts';
import type { Oracle } from './oracle.ts';
import type { Process } from './process.ts';
import { WEB } from './scenario.ts';
import type { World } from './world.ts';

const EVERY_MS = 700;
const LARGEST_BODY = 6;

export interface Clients {
  /** Sends from now on, to whatever process there is. */
  start(process: () => Process): void;
  stop(): void;
  /** Requests by what they came to; those that a process took with it are `unanswered`. */
  readonly answers: ReadonlyMap<string, number>;
  /** Every transaction so far, and whether a client was told that it is committed, or that it was not taken. */
  readonly sent: ReadonlyMap<number, 'committed' | 'refused' | 'unknown'>;
}

export function createClients(world: World, oracle: Oracle): Clients {
  const { outside, scheduler, trace } = world;
  const random = world.random('clients');
  const sent = new Map<number, 'committed' | 'refused' | 'unknown'>();
  const answers = new Map<string, number>();
  let stopped = false;

  function body(): Transaction[] {
    return Array.from({ length: 1 + random.below(LARGEST_BODY) }, () => {
      const transactionId = sent.size;
      sent.set(transactionId, 'unknown');
      return {
        transactionId,
        customerId: random.below(1000),
        terminalId: 0,
        amountCents: random.below(100_000),
        occurredAt: scheduler.nowMs(),
      };
    });
  }

  async function send(service: Service): Promise<void> {
    const stream = service.pipeline.streams.get(WEB);
    if (stream === undefined) throw new Error('The scenario has no web stream');
    const events = body();
    const ingest = createIngest({
      intake: stream.intake,
      keyField: 'customerId',
      encode: transactionType.encodeBlock,
      stalled: () => (stream.units.some(({ log }) => log.state().kind === 'stalled') ? 'stalled' : null),
    });
    const { kind } = await ingest({ events, deadLetters: [] });
    answers.set(kind, (answers.get(kind) ?? 0) + 1);
    trace.note(`client ${kind} ${events.map(({ transactionId }) => transactionId).join(' ')}`);
    for (const { transactionId } of events) {
      if (kind === 'committed') {
        sent.set(transactionId, 'committed');
        if (oracle.timesIn(WEB, transactionId) === 1) continue;
        world.broken('acknowledge after durable', `${WEB}: transaction ${transactionId} was answered 2xx too early`);
      } else if (kind === 'busy' || kind === 'stalled') sent.set(transactionId, 'refused');
    }
  }

  function next(process: () => Process): void {
    scheduler.schedule({
      owner: outside,
      delayMs: EVERY_MS * 2 * random.uniform(),
      label: 'client',
      run() {
        if (stopped) return;
        const service = process().ended() === null ? process().service() : null;
        if (service !== null) void service.ready.then(() => send(service));
        next(process);
      },
    });
  }

  return {
    start: next,
    stop() {
      stopped = true;
    },
    answers,
    sent,
  };
}
