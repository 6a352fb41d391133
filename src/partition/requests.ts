/**
 * The part of each keyed request that this partition has, so that the answer to a repeated request says what was taken
 * before. The parts are a fold over the log's RequestTaken events, bounded by their age and number.
 */
import type { Block } from '../messages/block.ts';
import { rowsOf } from '../messages/slice-block.ts';
import type { RequestPart, RequestTaken } from '../messages/streams.ts';
import { requestTakenType } from '../messages/types.ts';

export interface RequestLimits {
  readonly ageMs: number;
  /** Keys that each partition keeps. */
  readonly keys: number;
}

/** Limits for replays, which nobody asks about keys. */
export const DEFAULT_REQUEST_LIMITS: RequestLimits = { ageMs: 86_400_000, keys: 10_000 };

/** What a partition knows of a key. */
export interface KnownRequest {
  readonly taken: RequestTaken | null;
  /** Requests taken up to this time may have been forgotten. */
  readonly forgottenUpTo: number;
}

export interface Requests {
  take(request: RequestTaken): void;
  known(key: string): KnownRequest;
  snapshot(): { readonly requests: RequestTaken[]; readonly requestsForgottenUpTo: number };
  restore(state: { readonly requests: readonly RequestTaken[]; readonly requestsForgottenUpTo: number }): void;
}

export function createRequests({ ageMs, keys }: RequestLimits): Requests {
  /** Keys in the order in which they were last used. */
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

/** The note in a commit about its batch's request. */
export function requestBlocks({
  request,
  blocks,
}: {
  readonly request?: RequestPart;
  readonly blocks: readonly Block[];
}): readonly Block[] {
  if (request === undefined) return [];
  const { key, takenAt, rowsBefore } = request;
  // A Buffer that passed to another thread is a plain array there.
  const digest = Buffer.from(request.digest);
  return [requestTakenType.encodeBlock([{ key, digest, takenAt, rows: rowsBefore + rowsOf(blocks) }])];
}
