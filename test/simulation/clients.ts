/** Clients of the HTTP ingest: what they were told is committed is in the log once, and nothing ever twice. */
import type { ServedView } from '../../src/api/view.ts';
import { CUSTOMERS } from './input.ts';
import type { Oracle } from './oracle.ts';
import type { Process } from './process.ts';
import { WEB } from './scenario.ts';
import type { World } from './world.ts';

const EVERY_MS = 700;
const LARGEST_BODY = 6;
/** One line in so many can't be read. */
const BAD_IN = 15;

/** One request in so many has no Idempotency-Key, and is never sent again. */
const UNKEYED_IN = 3;

interface Request {
  readonly ids: readonly string[];
  readonly bytes: Buffer;
  readonly key: string | null;
}

export type Told = 'committed' | 'refused' | 'unknown';

export interface Clients {
  /** Sends from now on, to whatever process there is. */
  start(process: () => Process): void;
  stop(): void;
  /** Requests by what they came to; those that a process took with it are not among them. */
  readonly answers: ReadonlyMap<string, number>;
  /** By the id of a transaction or the text of an unreadable line: whether a client was told that it is in, or is not. */
  readonly sent: ReadonlyMap<string, Told>;
}

export function createClients(world: World, oracle: Oracle): Clients {
  const { outside, scheduler, trace } = world;
  const random = world.random('clients');
  const sent = new Map<string, Told>();
  const answers = new Map<string, number>();
  /** With a key, and not answered with 2xx yet. */
  const open: Request[] = [];
  let stopped = false;

  function newLine(): { readonly id: string; readonly line: string } {
    const number = sent.size;
    if (random.below(BAD_IN) === 0) return { id: `unreadable ${number}`, line: `unreadable ${number}` };
    const transaction = {
      transactionId: number,
      customerId: random.below(CUSTOMERS),
      terminalId: 0,
      amountCents: random.below(100_000),
      occurredAt: new Date(scheduler.nowMs()).toISOString(),
    };
    return { id: String(number), line: JSON.stringify(transaction) };
  }

  function newRequest(): Request {
    const lines: string[] = [];
    const ids: string[] = [];
    for (let left = 1 + random.below(LARGEST_BODY); left > 0; left--) {
      const { id, line } = newLine();
      sent.set(id, 'unknown');
      ids.push(id);
      lines.push(line);
    }
    const key = random.below(UNKEYED_IN) === 0 ? null : `request ${ids[0]}`;
    return { ids, bytes: Buffer.from(lines.join('\n')), key };
  }

  /** One that was not answered with 2xx yet, if it has a key; or a new one. */
  function nextRequest(): Request {
    const repeated = random.below(2) === 0 ? open[random.below(Math.max(1, open.length))] : undefined;
    if (repeated !== undefined) return repeated;
    const request = newRequest();
    if (request.key !== null) open.push(request);
    return request;
  }

  async function send(view: ServedView): Promise<void> {
    const request = nextRequest();
    const { ids, key } = request;
    // The memory of a body is given away with it.
    const body = { format: 'json-lines', encoding: 'identity', bytes: Buffer.from(request.bytes) } as const;
    const { kind } = await view.ingest(WEB, body, key);
    if ((kind === 'committed' || kind === 'nothing-decoded') && open.includes(request))
      open.splice(open.indexOf(request), 1);
    answers.set(kind, (answers.get(kind) ?? 0) + 1);
    trace.note(`client ${kind} ${ids.join(', ')}`);
    for (const id of ids) {
      if (kind === 'committed') {
        sent.set(id, 'committed');
        if (oracle.timesIn(WEB, id) === 1) continue;
        world.broken('acknowledge after durable', `${WEB}: ${id} was answered 2xx too early`);
      } else if ((kind === 'busy' || kind === 'stalled') && key === null) sent.set(id, 'refused');
    }
  }

  function next(process: () => Process): void {
    scheduler.schedule({
      owner: outside,
      delayMs: EVERY_MS * 2 * random.uniform(),
      label: 'client',
      run() {
        if (stopped) return;
        const view = process().ended() === null ? process().view() : null;
        if (view !== null) void send(view);
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
