/**
 * The source of an exchange. It follows the logs of its streams, reads and splits each once, and delivers to each partition
 * its events. A partition has a position of its own in each log, by which it recognises repeats after a crash. The
 * partition copies its events into its own log, in the order in which it took them. So it is a fold over its own log, as
 * any partition is.
 */
import type { ChildSpec } from '../actors/supervisor.ts';
import type { CommitReader, JournaledCommit } from '../journal/commit-reader.ts';
import type { Log } from '../journal/log.ts';
import type { Commit } from '../messages/commit.ts';
import type { Registry } from '../messages/registry.ts';
import type { CallCutOff, ExchangedBlock } from '../messages/streams.ts';
import { exchangedBlockType } from '../messages/types.ts';
import { createExchangeSplit } from '../partition/exchange.ts';
import type { Exchange, ExchangeReading } from '../partition/exchange-route.ts';
import { InputError, type Intake, type Source } from '../sources/source.ts';
import { createLogOrder } from '../streams/log-order.ts';
import type { RowPlacer } from '../workers/watched-placing.ts';
import { createPlacing, type PlaceSections } from './exchange-placing.ts';
import type { PartitionUnit } from './partition-unit.ts';
import type { RunningExchange } from './pipeline.ts';
import { sourceChild } from './source-child.ts';

/** Whether the exchanges' partitions have everything that is durable in the logs of their streams. */
export function haveCaughtUp(exchanges: readonly RunningExchange[]): boolean {
  return exchanges.every(({ upstreams, stream }) =>
    upstreams.every(({ units }) =>
      units.every(({ log }) => stream.units.every(({ position }) => position(log.name) >= log.durableOffset())),
    ),
  );
}

/** The offset up to which all exchanges of a log have the log; Infinity when the log has none. */
export function exchangedOffset(exchanges: readonly RunningExchange[], log: string): number {
  const readers = exchanges.filter(({ upstreams }) =>
    upstreams.some(({ units }) => units.some((unit) => unit.log.name === log)),
  );
  return Math.min(...readers.flatMap(({ stream }) => stream.units.map(({ position }) => position(log))));
}

export function exchangeChildren(exchanges: readonly RunningExchange[], ports: LogSourcePorts): ChildSpec[] {
  return exchanges.map((running) => {
    const { upstreams, stream } = running;
    // It waits until the partitions that it reads have recovered too.
    const units = [...new Set(upstreams.flatMap((upstream) => upstream.units)), ...stream.units];
    return sourceChild(createExchangeSource(running, ports), stream.intake, units).spec;
  });
}

interface LogSourcePorts {
  readonly reader: CommitReader;
  readonly registry: Registry;
  /** Starts the thread in which keys that call functions of users are computed; absent where they are computed here. */
  readonly startPlacer?: (() => RowPlacer) | undefined;
}

/** What the exchange asks of the partitions that it reads, and of its own. */
interface ExchangeEnds {
  readonly exchange: Exchange;
  readonly upstreams: readonly (Pick<ExchangeReading, 'gives'> & { readonly units: readonly UpstreamUnit[] })[];
  readonly stream: { readonly units: readonly Pick<PartitionUnit, 'inside' | 'status'>[] };
}

interface UpstreamUnit {
  readonly log: Pick<Log, 'name' | 'durableOffset' | 'onDurable'>;
}

/** A followed log with its next commit; null at its durable end. */
interface Followed {
  readonly log: string;
  /** The offset up to which the log is read this time. */
  readonly toOffset: number;
  readonly commits: AsyncGenerator<JournaledCommit>;
  head: JournaledCommit | null;
}

export function createExchangeSource(
  { exchange, upstreams, stream }: ExchangeEnds,
  { reader: journal, registry, startPlacer }: LogSourcePorts,
  stretchLength = stretchLengthOf(exchange),
): Source {
  const { partitions, inputs } = exchange;
  const units = [...new Set(upstreams.flatMap((upstream) => upstream.units))];
  const readings = upstreams.flatMap(({ gives, units: own }, i): ExchangeReading[] => {
    const input = inputs[i];
    return input === undefined ? [] : [{ ...input, gives, logs: own.map(({ log }) => log.name) }];
  });
  /** By partition: the offset of each log up to which events were handed over. */
  const handedOver = Array.from({ length: partitions }, () => new Map<string, number>());
  const order = createLogOrder();

  async function deliver(
    intake: Intake,
    partition: number,
    { log, next, onDurable }: { readonly log: string; readonly next: number; readonly onDurable?: () => void },
    entries: readonly ExchangedBlock[],
    cutOffs: readonly CallCutOff[] = [],
  ): Promise<void> {
    const blocks = [exchangedBlockType.encodeBlock(entries)];
    // A batch that was given up has to come again: only the partition's log knows its position.
    const onRejected = (): void => void handedOver[partition]?.delete(log);
    const own = { ...(onDurable === undefined ? {} : { onDurable }), ...(cutOffs.length === 0 ? {} : { cutOffs }) };
    await intake.deliver(partition, { source: log, next, blocks, onRejected, ...own });
    handedOver[partition]?.set(log, next);
  }

  /**
   * A new reader knows what an earlier reader told the partitions only from the partitions themselves, and tells them
   * again.
   */
  function createReader(intake: Intake, place: PlaceSections, wake: () => void) {
    for (const { status } of stream.units) {
      const { behind, maxEventTimeMs, watermarkMs } = status();
      order.resume(behind, Math.max(maxEventTimeMs, watermarkMs));
    }
    const split = createExchangeSplit(partitions, readings, registry, order);
    const readUpTo = new Map<string, number>();
    /** Partitions that were told how far logs have come, and have not committed that yet. */
    const told = new Set<number>();

    function reachedBy(partition: number, log: string): number {
      return Math.max(intake.position(log, partition), handedOver[partition]?.get(log) ?? 0);
    }
    async function requireKept(log: string, fromOffset: number): Promise<void> {
      const start = await journal.startOf(log);
      if (fromOffset < start) throw new InputError(prunedBefore(log, fromOffset, start));
    }
    /**
     * Repeats, before anything else, a batch that a crash cut in two. The batch has to come exactly as it was, since its
     * partition knows only how many of its rows it has.
     */
    async function finishBatches(): Promise<void> {
      for (const { log } of units) {
        for (const [partition, { inside }] of stream.units.entries()) {
          const next = inside(log.name);
          const fromOffset = reachedBy(partition, log.name);
          if (next === null || fromOffset >= next) continue;
          await requireKept(log.name, fromOffset);
          const again = createExchangeSplit(partitions, readings, registry, createLogOrder());
          const entries: ExchangedBlock[] = [];
          const stuck: CallCutOff[] = [];
          for await (const { commit } of journal.commits(log.name, { fromOffset, toOffset: next })) {
            const lacks = (other: number): boolean => other === partition;
            const { placed, cutOffs } = await place(log.name, commit.sections);
            entries.push(...(again.split(log.name, commit.sections, lacks, placed).entries[partition] ?? []));
            if (partition === 0) stuck.push(...cutOffs);
          }
          const all = [...entries, ...again.restOf(log.name, partition)];
          await deliver(intake, partition, { log: log.name, next }, all, stuck);
        }
      }
    }
    /** Follows a log. The reading begins at the offset of the partition that is furthest behind in the log. */
    async function follow({ log }: UpstreamUnit): Promise<Followed> {
      let fromOffset = readUpTo.get(log.name);
      if (fromOffset === undefined) {
        const reached = handedOver.map((_, partition) => reachedBy(partition, log.name));
        fromOffset = Math.min(...reached);
        await requireKept(log.name, fromOffset);
      }
      const toOffset = log.durableOffset();
      const commits = journal.commits(log.name, { fromOffset, toOffset });
      return { log: log.name, toOffset, commits, head: await nextOf(commits) };
    }
    /** One commit, or all up to the end of a stretch of the log if it is whole. Offsets alone say where a stretch ends. */
    async function deliverNext(followed: Followed): Promise<void> {
      const { log, commits, toOffset } = followed;
      const gathered = handedOver.map((): ExchangedBlock[] => []);
      /** By partition, the end of the last commit that had something for the partition. */
      const ends = handedOver.map(() => 0);
      let stretchEnd = 0;
      const stuck: CallCutOff[] = [];
      for (let { head } = followed; head !== null; head = followed.head) {
        const { commit, endOffset } = head;
        if (stretchEnd === 0) stretchEnd = Math.ceil(endOffset / stretchLength) * stretchLength;
        const lacks = (partition: number): boolean => reachedBy(partition, log) < endOffset;
        const { placed, cutOffs } = await place(log, commit.sections);
        stuck.push(...cutOffs);
        const { entries, isForAll } = split.split(log, commit.sections, lacks, placed);
        readUpTo.set(log, endOffset);
        followed.head = await nextOf(commits);
        for (const [partition, own] of entries.entries()) {
          if (!lacks(partition) || (own.length === 0 && !isForAll)) continue;
          gathered[partition]?.push(...own);
          ends[partition] = endOffset;
        }
        if (isForAll || endOffset >= stretchEnd || toOffset < stretchEnd) break;
      }
      for (const [partition, entries] of gathered.entries()) {
        const next = ends[partition] ?? 0;
        if (next === 0) continue;
        const all = [...entries, ...split.restOf(log, partition)];
        // The rows of these blocks are in the first one.
        if (all.length > 0) await deliver(intake, partition, { log, next }, all, partition === 0 ? stuck : []);
      }
    }
    /**
     * Tells a partition of commits that had no events for it, once nothing else is left to read and no events are on their
     * way to it.
     */
    async function tellRest(): Promise<void> {
      for (let partition = 0; partition < partitions; partition++) {
        if (told.has(partition)) continue;
        const behind = [...readUpTo].filter(([log, endOffset]) => reachedBy(partition, log) < endOffset);
        for (const [i, [log, next]] of behind.entries()) {
          told.add(partition);
          const onDurable = (): void => {
            if (i < behind.length - 1) return;
            told.delete(partition);
            wake();
          };
          await deliver(intake, partition, { log, next, onDurable }, [split.nothingOf(log, partition)]);
        }
      }
    }
    return { finishBatches, follow, deliverNext, tellRest };
  }

  return {
    name: 'exchange',
    async run(intake, signal) {
      let wake = (): void => {};
      const placing = createPlacing(exchange, readings, registry, startPlacer, signal);
      const reader = createReader(intake, placing.place, () => wake());
      const stops = units.map(({ log }) => log.onDurable(() => wake()));
      const onAbort = (): void => wake();
      signal.addEventListener('abort', onAbort);
      try {
        await reader.finishBatches();
        while (!signal.aborted) {
          const grown = new Promise<void>((resolve) => {
            wake = resolve;
          });
          const logs = await Promise.all(units.map(reader.follow));
          for (let next = earliest(logs); next !== null && !signal.aborted; next = earliest(logs)) {
            await reader.deliverNext(next);
          }
          if (!signal.aborted) await reader.tellRest();
          await grown;
        }
      } finally {
        signal.removeEventListener('abort', onAbort);
        for (const stop of stops) stop();
        await placing.close();
      }
    },
  };
}

function prunedBefore(log: string, fromOffset: number, start: number): string {
  return (
    `events of ${log} from offset ${fromOffset} on have not been taken in here, and those before ${start} were pruned. ` +
    'Go on with a copy of the data directory from before the pruning, or take the window or join out.'
  );
}

/** How many events of a log, for each partition, are delivered at once, when there are as many. */
const STRETCH_EVENTS = 2048;

/**
 * Offsets that are read at once, since a commit costs as much as hundreds of events. Logs that may be idle or left behind
 * are taken commit by commit: whether the events of a log that is behind are late depends on how far the other logs came
 * before them.
 */
function stretchLengthOf({ partitions, inputs }: Exchange): number {
  return inputs.some(({ isOrdered }) => isOrdered === true) ? 1 : STRETCH_EVENTS * Math.max(partitions, 4);
}

async function nextOf(commits: AsyncGenerator<JournaledCommit>): Promise<JournaledCommit | null> {
  const { value, done } = await commits.next();
  return done === true ? null : value;
}

/**
 * The log whose next commit has the earliest time goes first, so that no log runs far ahead. The windows of a log that did
 * would all have to stay open.
 */
function earliest(logs: readonly Followed[]): Followed | null {
  let first: Followed | null = null;
  for (const followed of logs) {
    if (followed.head === null) continue;
    if (first?.head == null || isEarlier(followed.head.commit, first.head.commit)) first = followed;
  }
  return first;
}

/** Whether a commit comes first. Of two commits of one time, the one whose source had not come as far does. */
function isEarlier(commit: Commit, other: Commit): boolean {
  if (commit.committedAt !== other.committedAt) return commit.committedAt < other.committedAt;
  return commit.next < other.next;
}
