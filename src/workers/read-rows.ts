/** Rows that a child process reads, as they come. */
import type { Row } from '../projections/store.ts';

type Read<R> =
  | { readonly kind: 'read'; readonly id: number; readonly read: R }
  | { readonly kind: 'next'; readonly id: number };
type Answer = { readonly kind: 'rows'; readonly rows: readonly Row[] } | { readonly kind: 'end' | 'done' };

interface Reader<R> {
  ask(message: Read<R>): Promise<Answer>;
  forget(id: number, reason: unknown): void;
  post(message: { readonly kind: 'cancel'; readonly id: number }): void;
}

/** To stop reading cancels the read. Rejects with the reason of the signal once that aborts. */
export async function* readRows<R>(
  child: Reader<R>,
  id: number,
  read: R,
  signal: AbortSignal,
): AsyncGenerator<readonly Row[]> {
  const abort = (): void => child.forget(id, signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    signal.throwIfAborted();
    let answer = await child.ask({ kind: 'read', id, read });
    while (answer.kind === 'rows') {
      yield answer.rows;
      signal.throwIfAborted();
      answer = await child.ask({ kind: 'next', id });
    }
  } finally {
    signal.removeEventListener('abort', abort);
    child.post({ kind: 'cancel', id });
  }
}
