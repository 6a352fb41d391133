/**
 * Topics as the source of a stream: a member of a consumer group that is made anew whenever it comes to an end, with a
 * growing pause. Whatever Kafka does, the process goes on and says what is wrong.
 */
import type { Group } from '../../kafka/group.ts';
import { sourceName } from '../../kafka/source-name.ts';
import { isOfKafka, troubleOf } from '../../kafka/trouble.ts';
import type { Intake, Source, SourceInput, SourceStatus } from '../source.ts';
import type { Lane, LanePorts } from './lane.ts';
import { createMember, type Member } from './member.ts';
import type { RecordBlocks } from './record-blocks.ts';
import type { KafkaSourceSettings } from './settings.ts';
import { markOf } from './start-place.ts';
import { type NamedTopics, namedTopics } from './topics.ts';

export interface KafkaSourceOptions {
  readonly settings: KafkaSourceSettings;
  readonly groupId: string;
  readonly brokers: readonly string[];
  readonly owner: number;
  readonly blocks: RecordBlocks;
  readonly schemas: LanePorts['schemas'];
  readonly traceOf?: LanePorts['traceOf'];
  /** Rejects when no broker answers. */
  connect(): Promise<Group>;
  nowMs(): number;
  /** Resolves after the time, or at once when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  log(line: string): void;
}

/** Between two looks at where the partitions end, at the topics that there are, and at what is held. */
const LOOK_EVERY_MS = 5000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** A member without an answer for so long has stopped without a word (tulios/kafkajs#1513). */
const STALLED_MS = 60_000;

/** The member has to be made anew. */
class MemberEnded extends Error {}

export function createKafkaSource(options: KafkaSourceOptions): Source {
  const { settings, groupId, brokers, sleep, nowMs } = options;
  const name = sourceName(groupId, settings.topics?.join(',') ?? settings.pattern ?? '');
  const claims = new Map<string, Set<number>>();
  let state: SourceStatus['state'] = 'connecting';
  let problem: string | null = null;
  let inputs: readonly SourceInput[] = [];
  let current: Member | null = null;
  let hasLooked = false;
  let rebalancesBefore = 0;
  const counts = { restarts: 0, commits: 0, failedCommits: 0 };

  /** Which partitions the logs of this directory have something of: only open ones tell. */
  async function learnClaims(intake: Intake, signal: AbortSignal): Promise<void> {
    if (hasLooked) return;
    for (let partition = 0; partition < intake.partitions; partition++) {
      // One that can't be opened says so once it is assigned.
      const isOpen = await intake.open(partition, signal).then(
        () => true,
        () => false,
      );
      signal.throwIfAborted();
      const known = isOpen ? intake.topics(partition).filter(({ group }) => group === groupId) : [];
      for (const each of known) claims.set(each.topic, (claims.get(each.topic) ?? new Set()).add(each.partition));
      if (isOpen && known.length === 0) await intake.close(partition);
    }
    hasLooked = true;
  }

  /** What was known last, also of a member that has come to its end. */
  function known(): readonly SourceInput[] {
    // A member that has not heard yet what it is given knows less than the one before.
    if (current === null || current.rebalances() === 0) return inputs;
    inputs = current.lanes().map((lane) => ({
      topic: lane.topic,
      partition: lane.partition,
      state: lane.state(),
      problem: lane.problem(),
      next: lane.durable(),
      end: lane.end(),
      lag: Math.max(0, lane.end() - lane.durable()),
      lagState: lane.lag(),
    }));
    return inputs;
  }

  async function commit(group: Group, lanes: readonly Lane[]): Promise<void> {
    const told = lanes.flatMap((lane) => {
      const offset = lane.toTell();
      return offset === null ? [] : [{ lane, offset }];
    });
    if (told.length === 0) return;
    const metadata = markOf(options.owner);
    try {
      await group.commit(
        told.map(({ lane: { topic, partition }, offset }) => ({ topic, partition, offset, metadata })),
      );
      for (const { lane, offset } of told) lane.told(offset);
      counts.commits += 1;
    } catch (error) {
      // The journal has them. Kafka only hears later how far this group is.
      counts.failedCommits += 1;
      options.log(`offsets could not be committed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  async function look(group: Group, member: Member, { topics, shape }: NamedTopics, intake: Intake): Promise<void> {
    for (const topic of topics) {
      const bounds = await group.bounds(topic);
      for (const lane of member.lanes()) {
        const own = lane.topic === topic ? bounds.get(lane.partition) : undefined;
        if (own !== undefined) lane.heardEnd(own.high);
      }
    }
    const now = await namedTopics(group, settings, intake.partitions);
    problem = now.problem;
    if (now.shape !== shape) throw new MemberEnded('topics or partitions came or went');
    member.lookAgain();
    if (nowMs() - member.heardAtMs() > STALLED_MS) {
      throw new MemberEnded(`no fetch was answered for ${STALLED_MS / 1000} s`);
    }
  }

  /** Rejects at once when the signal aborts: kafkajs tries for some seconds. */
  async function connected(signal: AbortSignal): Promise<Group> {
    const connecting = options.connect();
    const group = await unlessAborted(connecting, signal);
    if (group !== undefined) return group;
    connecting.then((late) => late.close()).catch(() => {});
    throw signal.reason;
  }

  async function session(intake: Intake, signal: AbortSignal): Promise<void> {
    state = 'connecting';
    const group = await connected(signal);
    const watching = new AbortController();
    const leave = new AbortController();
    let running = Promise.resolve();
    try {
      const named = await namedTopics(group, settings, intake.partitions);
      const { topics } = named;
      problem = named.problem;
      if (topics.length === 0) throw new MemberEnded(problem ?? 'there is no topic');
      let fail = (_: Error): void => {};
      const failed = new Promise<never>((_, reject) => {
        fail = reject;
      });
      failed.catch(() => {});
      const own = createMember({ ...options, intake, group, claims, failed: (error) => fail(error) });
      current = own;
      running = group.run(topics, own.listener, leave.signal);
      running.then(() => fail(new MemberEnded('the member has left its group')), fail);
      state = 'running';
      const every = async (ms: number, work: () => Promise<void>): Promise<void> => {
        while (!watching.signal.aborted) {
          await sleep(ms, watching.signal);
          if (!watching.signal.aborted) await work();
        }
      };
      every(settings.commitEveryMs, () => commit(group, own.lanes())).catch(fail);
      every(LOOK_EVERY_MS, () => look(group, own, named, intake)).catch(fail);
      await unlessAborted(failed, signal);
    } finally {
      watching.abort();
      if (current !== null) {
        const ending = current;
        known();
        rebalancesBefore += ending.rebalances();
        current = null;
        // Their last offsets are those that are durable once they are closed.
        const lanes = ending.lanes();
        await ending.close();
        await commit(group, lanes);
      }
      leave.abort();
      await running.catch(() => {});
      await group.close().catch(() => {});
    }
  }

  return {
    name,
    status: () => ({
      state,
      problem,
      inputs: known(),
      counts: { ...counts, rebalances: rebalancesBefore + (current?.rebalances() ?? 0) },
    }),
    async run(intake, signal) {
      let pauseMs = FIRST_PAUSE_MS;
      while (!signal.aborted) {
        const startedAtMs = nowMs();
        try {
          await learnClaims(intake, signal);
          await session(intake, signal);
        } catch (error) {
          if (signal.aborted) break;
          if (!isOfKafka(error) && !(error instanceof MemberEnded)) throw error;
          problem = error instanceof MemberEnded ? error.message : troubleOf(error, brokers).message;
          options.log(`${problem}; it is tried again`);
          counts.restarts += 1;
          state = 'waiting';
          if (nowMs() - startedAtMs > LONGEST_PAUSE_MS) pauseMs = FIRST_PAUSE_MS;
          await sleep(pauseMs, signal);
          pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
        }
      }
      for (let partition = 0; partition < intake.partitions; partition++) await intake.close(partition);
      state = 'stopped';
    },
  };
}

/** Undefined when the signal aborts first. Leaves nothing behind at the signal, which outlives many members. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  let stop = (): void => {};
  const aborted = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
  });
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
