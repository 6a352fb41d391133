/**
 * Windows whose groups span the partitions of their stream, joins, and the windows of what a join gives: each has one more
 * partition, which takes in what those of its streams do, or what they derive. Its log holds what it has read and in which order, so it is a fold over its own log as any
 * partition is. Kafka Streams calls this a repartition topic.
 */
import type { ChildSpec } from '../actors/supervisor.ts';
import type { CommitReader, JournaledCommit } from '../journal/commit-reader.ts';
import type { Commit } from '../messages/commit.ts';
import type { Registry } from '../messages/registry.ts';
import type { ForwardedBlock } from '../messages/streams.ts';
import { flushType, forwardedBlockType, sourceControlType, tombstoneType } from '../messages/types.ts';
import type { Intake, Source } from '../sources/source.ts';
import type { PartitionUnit } from './partition-unit.ts';
import type { Repartition, RunningStream } from './pipeline.ts';
import { sourceChild } from './source-child.ts';

/** Whether all that is durable in the logs of the streams is in those of the partitions of everything. */
export function haveCaughtUp(repartitions: readonly Repartition[]): boolean {
  return repartitions.every(({ upstreams, whole }) =>
    upstreams.every(({ units }) =>
      units.every(({ log }) => whole.units.every(({ position }) => position(log.name) >= log.durableOffset())),
    ),
  );
}

/** What of a log is in all others that have to have it; Infinity when there are none. */
export function forwardedOffset(repartitions: readonly Repartition[], log: string): number {
  const readers = repartitions.filter(({ upstreams }) =>
    upstreams.some(({ units }) => units.some((unit) => unit.log.name === log)),
  );
  return Math.min(...readers.flatMap(({ whole }) => whole.units.map(({ position }) => position(log))));
}

export function repartitionChildren(repartitions: readonly Repartition[], pipeline: LogSourcePorts): ChildSpec[] {
  return repartitions.map(({ upstreams, whole }) => {
    // Also of the partitions that it reads, it waits until they have recovered.
    const units = [...upstreams.flatMap((stream) => stream.units), ...whole.units];
    return sourceChild(createLogSource(upstreams, pipeline), whole.intake, units).spec;
  });
}

interface LogSourcePorts {
  readonly reader: CommitReader;
  readonly registry: Registry;
}

/** A log that is followed, and what comes next of it; null at its durable end. */
interface Followed {
  readonly log: string;
  readonly commits: AsyncGenerator<JournaledCommit>;
  head: JournaledCommit | null;
}

/**
 * Follows the logs of streams, each from the offset that the partition of everything has of it. Of what several have,
 * the commit of the earliest time goes first: no log runs far ahead, whose windows would all have to stay open.
 */
function createLogSource(upstreams: readonly RunningStream[], { reader, registry }: LogSourcePorts): Source {
  const units = upstreams.flatMap((stream) => stream.units);
  const givesOf = new Map(
    upstreams.flatMap(({ gives, units: own }) => own.map((unit) => [unit.log.name, gives] as const)),
  );
  const handedOver = new Map<string, number>();

  async function follow({ log }: PartitionUnit, intake: Intake): Promise<Followed> {
    const reached = Math.max(intake.position(log.name, 0), handedOver.get(log.name) ?? 0);
    const fromOffset = Math.max(reached, await reader.startOf(log.name));
    const commits = reader.commits(log.name, { fromOffset, toOffset: log.durableOffset() });
    return { log: log.name, commits, head: await nextOf(commits) };
  }

  function forwarded(log: string, { sections }: Commit): ForwardedBlock[] {
    const gives = givesOf.get(log);
    const blocks = sections.flatMap(({ role, fingerprint, count, bytes }) => {
      const name = registry.nameOf(fingerprint) ?? '';
      if (role !== gives?.role || !(name === gives.typeName || BESIDE_EVENTS.has(name))) return [];
      return [{ log, fingerprint, count, block: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) }];
    });
    // Of a commit that has none of these, it is still noted that it was read.
    return blocks.length > 0
      ? blocks
      : [{ log, fingerprint: sourceControlType.fingerprint, count: 0, block: EMPTY_BLOCK }];
  }

  async function deliver(intake: Intake, followed: Followed): Promise<void> {
    const { log, head, commits } = followed;
    if (head === null) return;
    const blocks = [forwardedBlockType.encodeBlock(forwarded(log, head.commit))];
    // A batch that was given up has to come again, so its own log alone says where it stands.
    const onRejected = (): void => void handedOver.delete(log);
    await intake.deliver(0, { source: log, next: head.endOffset, blocks, onRejected });
    handedOver.set(log, head.endOffset);
    followed.head = await nextOf(commits);
  }

  return {
    name: 'repartition',
    async run(intake, signal) {
      let wake = (): void => {};
      const stops = units.map(({ log }) => log.onDurable(() => wake()));
      const onAbort = (): void => wake();
      signal.addEventListener('abort', onAbort);
      try {
        while (!signal.aborted) {
          const grown = new Promise<void>((resolve) => {
            wake = resolve;
          });
          const logs = await Promise.all(units.map((unit) => follow(unit, intake)));
          for (let next = earliest(logs); next !== null && !signal.aborted; next = earliest(logs)) {
            await deliver(intake, next);
          }
          await grown;
        }
      } finally {
        signal.removeEventListener('abort', onAbort);
        for (const stop of stops) stop();
      }
    },
  };
}

/** What moves the watermark, gives what is open, and deletes rows of tables. */
const BESIDE_EVENTS: ReadonlySet<string> = new Set([sourceControlType.name, flushType.name, tombstoneType.name]);

const EMPTY_BLOCK = Buffer.from([0]);

async function nextOf(commits: AsyncGenerator<JournaledCommit>): Promise<JournaledCommit | null> {
  const { value, done } = await commits.next();
  return done === true ? null : value;
}

function earliest(logs: readonly Followed[]): Followed | null {
  let first: Followed | null = null;
  for (const followed of logs) {
    if (followed.head === null) continue;
    if (first?.head == null || isEarlier(followed.head.commit, first.head.commit)) first = followed;
  }
  return first;
}

/** Of one time, the one whose source had not come so far. */
function isEarlier(commit: Commit, other: Commit): boolean {
  if (commit.committedAt !== other.committedAt) return commit.committedAt < other.committedAt;
  return commit.next < other.next;
}
