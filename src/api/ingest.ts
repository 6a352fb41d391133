/**
 * HTTP ingestion: a request's events go to their partitions, and the answer waits for the commits. Either every
 * partition that it needs has room, or nothing is taken.
 *
 * A request with a key is taken once. Each commit says which events of the request its partition has, so that a
 * repeated request adds the missing events, after any end of the process.
 */
import type { IngestOutcome, RequestKey } from '../http/view.ts';
import type { InputBlock } from '../messages/origins.ts';
import type { WriterOf } from '../messages/slice-block.ts';
import type { RequestPart, RequestTaken, Tombstone } from '../messages/streams.ts';
import type { TraceContext } from '../messages/trace-context.ts';
import { tombstoneType } from '../messages/types.ts';
import type { KnownRequest } from '../partition/requests.ts';
import type { Batch, Intake } from '../sources/source.ts';
import { partitionOf } from '../streams/partitioner.ts';
import { HTTP_SOURCE } from '../workers/body-parser.ts';
import type { ParsedBody } from '../workers/parse-body-protocol.ts';
import { batchesOf, type ShareBatch } from './request-share.ts';

export interface IngestTarget {
  readonly intake: Intake;
  readonly writerOf: WriterOf;
  /** What a partition has of a request with this key. */
  request(partition: number, key: string): Promise<KnownRequest>;
  /** How long a key is known. */
  readonly keyAgeMs: number;
  nowMs(): number;
  /** Why the stream's logs can't be written now; null when they can. */
  stalled(): string | null;
}

/** A disk is not freed within a second. */
const STALLED_RETRY_SECONDS = 5;

export type Parsed = Extract<ParsedBody, { readonly kind: 'parsed' }>;

export interface Ingest {
  /** `trace`: where the request is in its trace. */
  take(body: Parsed, key: RequestKey | null, trace?: TraceContext): Promise<IngestOutcome>;
  /** The row of a key is gone. */
  remove(tombstone: Tombstone, key: RequestKey | null): Promise<IngestOutcome>;
}

type Shares = ReadonlyMap<number, readonly InputBlock[]>;
type Committed = Extract<IngestOutcome, { readonly kind: 'committed' }>;
type Counts = Omit<Committed, 'kind' | 'repeated'>;

export function createIngest(target: IngestTarget): Ingest {
  const { intake, writerOf } = target;
  /** By key: the digests of requests under way, until all that they have begun is settled. */
  const underWay = new Map<string, { readonly digest: Buffer; readonly settled: Promise<unknown> }>();

  /** Null once everything is durable. */
  async function commit(batches: ReadonlyMap<number, readonly ShareBatch[]>, extra: Extra) {
    const reason = target.stalled();
    if (reason !== null) return { kind: 'stalled', reason, retryAfterSeconds: STALLED_RETRY_SECONDS } as const;
    if (![...batches.keys()].every((partition) => intake.hasRoom(partition))) {
      return { kind: 'busy', retryAfterSeconds: 1 } as const;
    }
    // All of them, so that a request that is repeated meets none that is still under way.
    const settled = await Promise.allSettled(
      [...batches].map(([partition, own]) => deliverAll(intake, partition, own, extra)),
    );
    return settled.some(({ status }) => status === 'rejected') ? ({ kind: 'interrupted' } as const) : null;
  }

  async function takeOnce(shares: Shares, counts: Counts, extra: Extra): Promise<IngestOutcome> {
    const batches = new Map([...shares].map(([partition, own]) => [partition, batchesOf(own, 0, writerOf)] as const));
    return (await commit(batches, extra)) ?? { kind: 'committed', ...counts };
  }

  async function takeKeyed(shares: Shares, counts: Counts, key: RequestKey, extra: Extra): Promise<IngestOutcome> {
    for (;;) {
      const other = underWay.get(key.key);
      if (other === undefined) break;
      if (!other.digest.equals(key.digest)) return { kind: 'key-reused' };
      await other.settled;
    }
    const outcome = takeMissing(shares, counts, key, extra);
    underWay.set(key.key, { digest: key.digest, settled: outcome.catch(() => {}) });
    try {
      return await outcome;
    } finally {
      underWay.delete(key.key);
    }
  }

  async function takeMissing(shares: Shares, counts: Counts, key: RequestKey, extra: Extra): Promise<IngestOutcome> {
    const reason = target.stalled();
    if (reason !== null) return { kind: 'stalled', reason, retryAfterSeconds: STALLED_RETRY_SECONDS };
    const partitions = Array.from({ length: intake.partitions }, (_, partition) => partition);
    let known: readonly KnownRequest[];
    try {
      known = await Promise.all(partitions.map((partition) => target.request(partition, key.key)));
    } catch {
      // A partition takes nothing any more, and nothing of this request was taken.
      return { kind: 'stopping' };
    }
    const forgottenUpTo = Math.max(...known.map((one) => one.forgottenUpTo));
    const nowMs = target.nowMs();
    const valid = known.map(({ taken }) =>
      taken !== null && taken.takenAt > forgottenUpTo && nowMs - taken.takenAt < target.keyAgeMs ? taken : null,
    );
    const first = earliest(valid);
    if (first !== null && Buffer.compare(first.digest, key.digest) !== 0) return { kind: 'key-reused' };
    const takenAt = first?.takenAt ?? Math.max(nowMs, forgottenUpTo + 1);
    const batches = new Map(
      [...shares].flatMap(([partition, own]) => {
        const rows = valid[partition]?.takenAt === takenAt ? (valid[partition]?.rows ?? 0) : 0;
        const missing = batchesOf(own, rows, writerOf);
        return missing.length === 0 ? [] : [[partition, missing] as const];
      }),
    );
    const committed = { kind: 'committed' as const, ...counts, ...(first === null ? {} : { repeated: true }) };
    if (batches.size === 0) return committed;
    return (await commit(batches, { ...extra, request: { ...key, takenAt } })) ?? committed;
  }

  const take = (
    shares: Shares,
    counts: Counts,
    key: RequestKey | null,
    trace?: TraceContext,
  ): Promise<IngestOutcome> => {
    const extra: Extra =
      trace === undefined ? {} : { trace: { from: [trace], sinceMs: target.nowMs(), of: 'request' as const } };
    return key === null ? takeOnce(shares, counts, extra) : takeKeyed(shares, counts, key, extra);
  };

  return {
    take({ events, refused: { count, reasons, first }, partitions }, key, trace) {
      const shares = new Map(partitions.map(({ partition, blocks }) => [partition, blocks]));
      return take(shares, { accepted: events, deadLetters: count, reasons, first }, key, trace);
    },
    remove(tombstone, key) {
      const partition = partitionOf(tombstone.key, intake.partitions);
      const shares = new Map([[partition, [tombstoneType.encodeBlock([tombstone])]]]);
      return take(shares, { accepted: 1, deadLetters: 0, reasons: {}, first: [] }, key);
    },
  };
}

type Known = Pick<RequestPart, 'key' | 'digest' | 'takenAt'>;

/** What goes along with each batch of a request. */
interface Extra extends Pick<Batch, 'trace'> {
  readonly request?: Known;
}

/** Resolves once all are durable. After one that is not taken none is: what is in is always the beginning of the share. */
async function deliverAll(
  intake: Intake,
  partition: number,
  batches: readonly ShareBatch[],
  { request, ...traced }: Extra,
): Promise<void> {
  const commits: Promise<void>[] = [];
  let refused: unknown = null;
  for (const { blocks, rowsBefore } of batches) {
    const own = request === undefined ? traced : { ...traced, request: { ...request, rowsBefore } };
    let entered: Promise<void> = Promise.resolve();
    const commit = new Promise<void>((resolve, reject) => {
      const onDurable = (): void => resolve();
      const batch = { source: HTTP_SOURCE, next: null, blocks, ...own, onDurable, onRejected: reject };
      entered = intake.deliver(partition, batch);
    });
    try {
      await entered;
    } catch (error) {
      refused = error;
      break;
    }
    commits.push(commit);
    commit.catch(() => {});
  }
  const settled = await Promise.allSettled(commits);
  const failed = settled.find(({ status }) => status === 'rejected');
  if (refused !== null || failed !== undefined)
    throw new Error('A part of the request was not taken', { cause: refused });
}

function earliest(known: readonly (RequestTaken | null)[]): RequestTaken | null {
  return known.reduce(
    (first, one) => (first === null || (one !== null && one.takenAt < first.takenAt) ? one : first),
    null,
  );
}
