/**
 * Requests that came with a key, as far as this partition has them: a request that is repeated is told what is in. A fold
 * over the log's RequestTaken events, bounded by their age and number.
 */
import type { Block } from '../messages/block.ts';
import { rowsOf } from '../messages/slice-block.ts';
import type { RequestPart, RequestTaken } from '../messages/streams.ts';
import { requestTakenType } from '../messages/types.ts';

export interface RequestLimits {
  readonly ageMs: number;
  /** Of each partition. */
  readonly keys: number;
}

/** Of replays, which nobody asks for keys. */
export const DEFAULT_REQUEST_LIMITS: RequestLimits = { ageMs: 86_400_000, keys: 10_000 };

/** What a partition knows of a key. */
export interface KnownRequest {
  readonly taken: RequestTaken | null;
  /** Of what was taken up to this time it may have forgotten something. */
  readonly forgottenUpTo: number;
}

export interface Requests {
  take(request: RequestTaken): void;
  known(key: string): KnownRequest;
  snapshot(): { readonly requests: RequestTaken[]; readonly requestsForgottenUpTo: number };
  restore(state: { readonly requests: readonly RequestTaken[]; readonly requestsForgottenUpTo: number }): void;
}

export function createRequests({ ageMs, keys }: RequestLimits): Requests {
  /** In the order in which they were taken last. */
  const byKey = new Map<string, RequestTaken>();
  let forgottenUpTo = 0;

  function forgetOld(nowMs: number): void {
    for (const [key, { takenAt }] of byKey) {
      if (byKey.size <= keys && takenAt > nowMs - ageMs) return;
      byKey.delete(key);
      forgottenUpTo = Math.max(forgottenUpTo, takenAt);
    }
  }
  return {
    take(request) {
      byKey.delete(request.key);
      byKey.set(request.key, request);
      forgetOld(request.takenAt);
    },
    known: (key) => ({ taken: byKey.get(key) ?? null, forgottenUpTo }),
    snapshot: () => ({ requests: [...byKey.values()], requestsForgottenUpTo: forgottenUpTo }),
    restore({ requests, requestsForgottenUpTo }) {
      byKey.clear();
      for (const request of requests) byKey.set(request.key, request);
      forgottenUpTo = requestsForgottenUpTo;
    },
  };
}

/** What a commit notes of the request that its batch is a part of. */
export function requestBlocks({
  request,
  blocks,
}: {
  readonly request?: RequestPart;
  readonly blocks: readonly Block[];
}): readonly Block[] {
  if (request === undefined) return [];
  const { key, takenAt, rowsBefore } = request;
  // On its way to a thread a Buffer becomes the array that it is.
  const digest = Buffer.from(request.digest);
  return [requestTakenType.encodeBlock([{ key, digest, takenAt, rows: rowsBefore + rowsOf(blocks) }])];
}
