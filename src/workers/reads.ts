/** Reads in the process of a store: each gives its rows a batch at a time, and waits until it is asked for more. */
import { messageOf } from '../journal/error.ts';
import type { Row } from '../projections/store.ts';
import type { FromStore } from './store-protocol.ts';

export interface Reads {
  start(id: number, open: (signal: AbortSignal) => AsyncGenerator<readonly Row[]>): void;
  next(id: number): void;
  cancel(id: number): Promise<void>;
  /** Resolves when none runs any more, with whether one did. */
  cancelAll(): Promise<boolean>;
}

const TAKEN_BACK = 'The read was stopped: the store is opened anew, or needed its memory. Ask again';

interface Running {
  readonly rows: AsyncGenerator<readonly Row[]>;
  readonly abort: AbortController;
}

export function createReads(send: (message: Exclude<FromStore, { readonly kind: 'done' }>) => void): Reads {
  const running = new Map<number, Running>();

  function next(id: number): void {
    const read = running.get(id);
    if (read === undefined) {
      send({ kind: 'failed', id, message: TAKEN_BACK });
      return;
    }
    read.rows.next().then(
      ({ done, value }) => {
        if (done === true) {
          running.delete(id);
          send({ kind: 'end', id });
        } else send({ kind: 'rows', id, rows: value });
      },
      (error: unknown) => {
        running.delete(id);
        send({ kind: 'failed', id, message: messageOf(error) });
      },
    );
  }
  async function cancel(id: number): Promise<void> {
    const read = running.get(id);
    running.delete(id);
    read?.abort.abort();
    await read?.rows.return(undefined).catch(() => {});
  }

  return {
    start(id, open) {
      const abort = new AbortController();
      running.set(id, { rows: open(abort.signal), abort });
      next(id);
    },
    next,
    cancel,
    async cancelAll() {
      const ids = [...running.keys()];
      await Promise.all(ids.map(cancel));
      // A read that waits for rows fails now, others when they ask for more.
      for (const id of ids) send({ kind: 'failed', id, message: TAKEN_BACK });
      return ids.length > 0;
    },
  };
}
