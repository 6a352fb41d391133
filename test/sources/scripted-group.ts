/**
 * A source that is given its partitions while it runs, as a consumer group gives them to one of its members, and that
 * delivers some batches twice, as a broker does. The records are a list a partition; the script assigns and revokes.
 */
import type { Block } from '../../src/messages/block.ts';
import type { Intake, Source } from '../../src/sources/source.ts';

export interface GroupOptions<T> {
  readonly name: string;
  /** By partition. */
  readonly records: readonly (readonly T[])[];
  encode(records: readonly T[]): Block;
  /** Records of the next batch, at least 1. */
  batchSize(): number;
  /** Whether the batch that was delivered last comes once more. */
  redelivers(): boolean;
}

export interface ScriptedGroup {
  readonly source: Source;
  /** Resolves once the partition is open. */
  assign(partition: number): Promise<void>;
  /** Resolves once the partition is closed: then another member may have it. */
  revoke(partition: number): Promise<void>;
  /** Whether every record of what is assigned was handed over. */
  isIdle(): boolean;
  /** The source has come to its end of input. */
  end(): void;
}

interface Served {
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

interface Wish {
  readonly partition: number;
  readonly isAssigned: boolean;
  resolve(): void;
}

export function scriptedGroup<T>(options: GroupOptions<T>): ScriptedGroup {
  const { name, records, encode } = options;
  const assigned = new Set<number>();
  /** Partitions that are served and of which there is nothing more. */
  const read = new Set<number>();
  let wishes: Wish[] = [];
  let isEnding = false;
  let wake = (): void => {};

  async function serve(intake: Intake, partition: number, signal: AbortSignal): Promise<void> {
    const own = records[partition] ?? [];
    // What its journal has counts, not what the broker believes.
    let next = intake.position(name, partition);
    while (next < own.length && !signal.aborted) {
      const batch = own.slice(next, next + options.batchSize());
      next += batch.length;
      for (let times = options.redelivers() ? 2 : 1; times > 0 && !signal.aborted; times--) {
        await intake.deliver(partition, { source: name, next, blocks: [encode(batch)] });
      }
    }
    if (!signal.aborted) read.add(partition);
  }

  function wish(partition: number, isAssigned: boolean): Promise<void> {
    return new Promise((resolve) => {
      if (isAssigned) assigned.add(partition);
      else assigned.delete(partition);
      wishes.push({ partition, isAssigned, resolve });
      wake();
    });
  }

  return {
    assign: (partition) => wish(partition, true),
    revoke: (partition) => wish(partition, false),
    isIdle: () => wishes.length === 0 && [...assigned].every((partition) => read.has(partition)),
    end() {
      isEnding = true;
      wake();
    },
    source: {
      name,
      async run(intake, signal) {
        const served = new Map<number, Served>();
        let failure: unknown = null;
        isEnding = false;
        const stop = (): void => wake();
        signal.addEventListener('abort', stop);
        async function take(partition: number): Promise<void> {
          if (served.has(partition)) return;
          await intake.open(partition, signal);
          const abort = new AbortController();
          const ended = serve(intake, partition, abort.signal).catch((error: unknown) => {
            if (abort.signal.aborted) return;
            failure ??= error;
            wake();
          });
          served.set(partition, { abort, ended });
        }
        async function giveBack(partition: number): Promise<void> {
          const own = served.get(partition);
          own?.abort.abort();
          served.delete(partition);
          const closed = intake.close(partition);
          // A delivery that waits for room is refused by that.
          await own?.ended;
          await closed;
          read.delete(partition);
        }
        try {
          for (const partition of assigned) await take(partition);
          while (failure === null && !isEnding && !signal.aborted) {
            const woken = new Promise<void>((resolve) => {
              wake = resolve;
            });
            const [next] = wishes;
            if (next === undefined) {
              await woken;
              continue;
            }
            if (next.isAssigned) await take(next.partition);
            else await giveBack(next.partition);
            wishes = wishes.slice(1);
            next.resolve();
          }
        } catch (error) {
          failure ??= error;
        }
        signal.removeEventListener('abort', stop);
        // What it handed over, and what the journal has, is the same again once a partition is closed.
        await Promise.all([...served.keys()].map(giveBack));
        if (failure !== null && !signal.aborted) throw failure;
      },
    },
  };
}
