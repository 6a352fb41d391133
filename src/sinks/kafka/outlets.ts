/** Sends the records of a delivery: at least once under their ids, or in transactions with a mark. */
import type { OutgoingRecord, Producer, TransactionalProducer } from '../../kafka/producer.ts';
import { DeliveryError, type SinkEvent } from '../sink.ts';
import type { Outlet } from './kafka-sink.ts';
import { after, beyond, isBehind, markOfText, markText, type SinkMark } from './mark.ts';

export type RecordsOf = (events: readonly SinkEvent[], signal: AbortSignal) => Promise<OutgoingRecord[]>;

export async function openAtLeastOnce(connect: () => Promise<Producer>, recordsOf: RecordsOf): Promise<Outlet> {
  const producer = await connect();
  return {
    async take(events, signal) {
      await producer.send(await recordsOf(events, signal));
    },
    close: () => producer.close(),
  };
}

export interface ExactlyOnceOptions {
  readonly transactionalId: string;
  /** Of the data directory. */
  readonly owner: number;
  /** Of this process: no other one has it. */
  readonly run: string;
  /** Where each log ended when the service began. */
  readonly journalEnds: ReadonlyMap<string, number>;
  /** From the beginning of a transaction to that of the next, at least. */
  readonly everyMs: number;
  nowMs(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** `admit` throws at a mark beside which this process may not write: it is asked before and after others are fenced off. */
  connect(admit: (mark: string | null) => void): Promise<TransactionalProducer>;
  recordsOf: RecordsOf;
}

/** Opens one outlet after another, each where the last transaction was. */
export function exactlyOnceOutlets(options: ExactlyOnceOptions): () => Promise<Outlet> {
  const { owner, run, everyMs, nowMs, sleep, recordsOf } = options;
  let hasClaimed = false;
  let halted: DeliveryError | null = null;

  function admit(text: string | null): void {
    const problem = text === null ? null : problemOf(text, options, hasClaimed);
    if (problem === null) return;
    halted = new DeliveryError({ kind: 'transient' }, problem);
    throw halted;
  }
  return async () => {
    if (halted !== null) throw halted;
    const producer = await options.connect(admit);
    let next = (producer.found === null ? null : markOfText(producer.found))?.next ?? new Map<string, number>();
    async function commit(records: readonly OutgoingRecord[], moved: SinkMark['next']): Promise<void> {
      const count = [...moved.values()].reduce((sum, offset) => sum + offset, 0);
      await producer.commit(records, { text: markText({ owner, run, next: moved }), count });
      next = moved;
    }
    try {
      // An older process that still runs learns from it that it is no longer the one.
      await commit([], next);
    } catch (error) {
      producer.close().catch(() => {});
      throw error;
    }
    hasClaimed = true;
    return {
      async take(events, signal) {
        const fresh = events.filter((event) => !isBehind(next, event));
        if (fresh.length === 0) return;
        const beganMs = nowMs();
        await commit(await recordsOf(fresh, signal), after(next, fresh));
        await sleep(everyMs - (nowMs() - beganMs), signal);
      },
      close: () => producer.close(),
    };
  };
}

function problemOf(text: string, options: ExactlyOnceOptions, hasClaimed: boolean): string | null {
  const { transactionalId: id, owner, run, journalEnds } = options;
  const another = 'give the sink a `transactionalId` of its own';
  const mark = markOfText(text);
  if (mark === null) return `another program has committed offsets in the group ${id}; ${another}`;
  if (mark.owner !== owner) {
    return `the transactional id ${id} is that of another data directory (number ${mark.owner} in its file stores.id); ${another}`;
  }
  if (hasClaimed && mark.run !== run) {
    return `another process has taken over the transactional id ${id}, on a copy of this data directory: only one of them may run`;
  }
  // What this process has sent itself came to its journal after it began.
  if (mark.run === run) return null;
  const log = beyond(mark.next, journalEnds);
  if (log === null) return null;
  return (
    `the topic has events of the log ${log} up to offset ${mark.next.get(log)}, and the journal ends at ` +
    `${journalEnds.get(log)}: this data directory is an older copy. Use the one that ran last; or ${another}, and what ` +
    'came since the copy was made may be in the topic twice'
  );
}
