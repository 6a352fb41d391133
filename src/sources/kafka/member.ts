/**
 * A member of the group while it runs: which partitions it has, a lane for each, and the log of each open. The partitions of
 * one number, of all topics, feed one log, which is closed once none of them is assigned.
 */
import type { FetchedBatch, Group, GroupListener, Partitions } from '../../kafka/group.ts';
import { sourceName } from '../../kafka/source-name.ts';
import { isOfKafka, troubleOf } from '../../kafka/trouble.ts';
import type { Intake } from '../source.ts';
import { createLane, type Lane, type LanePorts } from './lane.ts';
import type { RecordBlocks } from './record-blocks.ts';
import type { KafkaSourceSettings } from './settings.ts';
import { markOf, placeWithin, startPlace } from './start-place.ts';

export interface MemberOptions {
  readonly settings: KafkaSourceSettings;
  readonly groupId: string;
  readonly brokers: readonly string[];
  readonly owner: number;
  readonly intake: Intake;
  readonly group: Group;
  readonly blocks: RecordBlocks;
  readonly schemas: LanePorts['schemas'];
  /** Partitions that the logs of this directory have something of. */
  readonly claims: Map<string, Set<number>>;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  nowMs(): number;
  failed(error: Error): void;
}

export interface Member {
  readonly listener: GroupListener;
  lanes(): readonly Lane[];
  /** Of the group's generation, -1 before it is known. */
  generation(): number;
  rebalances(): number;
  /** When a fetch was answered last. */
  heardAtMs(): number;
  /** Looks again at what could not be read. */
  lookAgain(): void;
  /** Gives everything back: resolves once what was handed over is durable or rejected. */
  close(): Promise<void>;
}

const RETRY_MS = 1000;

export function createMember(options: MemberOptions): Member {
  const { settings, groupId, owner, intake, group, claims } = options;
  const lanes = new Map<string, Lane>();
  /** Of each log, while it is given back. */
  const closing = new Map<number, Promise<void>>();
  let generation = -1;
  let rebalances = 0;
  let heardAtMs = options.nowMs();

  const idOf = (topic: string, partition: number): string => `${topic}/${partition}`;

  function newLane(topic: string, partition: number): Lane {
    const lane = createLane({
      ...options,
      topic,
      partition,
      source: sourceName(groupId, topic),
      generation: () => generation,
      strayed: (own) => void lookAfter(own),
    });
    lanes.set(idOf(topic, partition), lane);
    return lane;
  }

  async function open(lane: Lane): Promise<void> {
    const { topic, partition, signal } = lane;
    while (!signal.aborted) {
      try {
        await closed(partition);
        await intake.open(partition, signal);
        return await begin(lane);
      } catch (error) {
        if (signal.aborted) return;
        if (!isOfKafka(error)) {
          // The log can't be read, which is no reason to stop the others.
          lane.stop('halted', `${topic}/${partition}: ${error instanceof Error ? error.message : String(error)}`);
          return;
        }
        lane.setProblem(troubleOf(error, options.brokers).message);
        await options.sleep(RETRY_MS, signal);
      }
    }
  }

  /** Resolves once the log is not given back any more; meanwhile it may be given back again. */
  async function closed(partition: number): Promise<void> {
    for (let end = closing.get(partition); end !== undefined; end = closing.get(partition)) {
      await end;
      if (closing.get(partition) === end) closing.delete(partition);
    }
  }

  /** For a lane that is held it may run twice at once: the first that gets through counts. */
  async function begin(lane: Lane): Promise<void> {
    const { topic, partition, signal } = lane;
    const before = lane.state();
    const journaled = intake.position(sourceName(groupId, topic), partition);
    const last = intake
      .topics(partition)
      .find((each) => each.group === groupId && each.topic === topic && each.partition === partition);
    if (journaled > 0) claim(topic, partition);
    const [committed, bounds] = await Promise.all([group.committed(topic), group.bounds(topic)]);
    const own = bounds.get(partition);
    if (own === undefined) throw new Error(`there is no partition ${partition} of ${topic}`);
    const place = startPlace({
      topic,
      partition,
      journaled,
      last,
      committed: committed.get(partition) ?? { offset: -1, metadata: null },
      bounds: own,
      owner,
      from: settings.from,
      onLoss: settings.onLoss,
    });
    if (signal.aborted || lane.state() !== before) return;
    lane.heardEnd(own.high);
    if (place.kind !== 'start') {
      lane.stop(place.kind === 'held' ? 'held' : 'halted', place.message);
      return;
    }
    // Before anything of it is read, so that no other directory ever begins with it too.
    if (place.claims) await group.commit([{ topic, partition, offset: place.at, metadata: markOf(owner) }]);
    if (signal.aborted || lane.state() !== before) return;
    claim(topic, partition);
    lane.begin(place.at, place.check);
  }

  function claim(topic: string, partition: number): void {
    const known = claims.get(topic) ?? new Set();
    claims.set(topic, known.add(partition));
  }

  /** The fetch was answered from elsewhere: after an offset that is out of range kafkajs reads from the beginning. */
  async function lookAfter(lane: Lane): Promise<void> {
    const { topic, partition, signal } = lane;
    while (!signal.aborted) {
      try {
        const bounds = (await group.bounds(topic)).get(partition);
        if (signal.aborted) return;
        const at = lane.needed();
        if (bounds === undefined) throw new Error(`there is no partition ${partition} of ${topic}`);
        const place = placeWithin({ topic, partition, bounds, onLoss: settings.onLoss }, at);
        if (place.kind === 'start') lane.goOn(place.at, bounds.low);
        else lane.stop('halted', place.message);
        // kafkajs has overwritten what the group has committed.
        lane.told(null);
        return;
      } catch (error) {
        if (signal.aborted) return;
        lane.setProblem(troubleOf(error, options.brokers).message);
        await options.sleep(RETRY_MS, signal);
      }
    }
  }

  /** Gives partitions back, and with the last of a number its log. */
  function giveBack(gone: readonly Lane[]): Promise<void> {
    const ends = gone.map((lane) => {
      lanes.delete(idOf(lane.topic, lane.partition));
      return { partition: lane.partition, ended: lane.close() };
    });
    const partitions = new Set(gone.map(({ partition }) => partition));
    const closed = [...partitions].map((partition) => {
      const isServed = [...lanes.values()].some((lane) => lane.partition === partition);
      const ended = ends.filter((each) => each.partition === partition).map((each) => each.ended);
      // A delivery that waits for room is refused by that.
      const done = Promise.all([isServed ? null : intake.close(partition), ...ended]).then(() => {});
      closing.set(partition, done);
      return done;
    });
    return Promise.all(closed).then(() => {});
  }

  const laneOf = ({ topic, partition }: Pick<FetchedBatch, 'topic' | 'partition'>): Lane | undefined =>
    lanes.get(idOf(topic, partition));

  const listener: GroupListener = {
    claims: () => new Map([...claims].map(([topic, partitions]) => [topic, [...partitions]] as const)),
    assigned(assignment) {
      rebalances += 1;
      generation = -1;
      heardAtMs = options.nowMs();
      const gone = [...lanes.values()].filter((lane) => !isAssigned(assignment, lane));
      giveBack(gone).catch((error: Error) => options.failed(error));
      const numbers = new Set([...assignment.values()].flat());
      for (let partition = 0; partition < intake.partitions; partition++) {
        // Also those that were opened to see what their logs have.
        if (!numbers.has(partition) && !closing.has(partition)) closing.set(partition, intake.close(partition));
      }
      for (const [topic, partitions] of assignment) {
        for (const partition of partitions) {
          const known = lanes.get(idOf(topic, partition));
          if (known !== undefined) {
            known.seekAgain();
            continue;
          }
          group.pause(topic, partition);
          if (partition < intake.partitions) open(newLane(topic, partition)).catch(options.failed);
        }
      }
    },
    generation(of) {
      generation = of;
    },
    fetched: (batch) => laneOf(batch)?.fetched(batch) ?? 'dropped',
    room: (topic, partition) => laneOf({ topic, partition })?.room() ?? Promise.resolve(),
    blocked(topic, partition) {
      const lane = laneOf({ topic, partition });
      if (lane === undefined) return;
      group.pause(topic, partition);
      const resume = (): void => {
        if (lane.state() === 'running' && !lane.signal.aborted) group.resume(topic, partition);
      };
      lane.room().then(resume).catch(options.failed);
    },
    skipped: (topic, partition, lastOffset) => laneOf({ topic, partition })?.skipped(lastOffset),
    heard() {
      heardAtMs = options.nowMs();
    },
  };

  return {
    listener,
    lanes: () => [...lanes.values()],
    generation: () => generation,
    rebalances: () => rebalances,
    heardAtMs: () => heardAtMs,
    lookAgain() {
      for (const lane of lanes.values()) if (lane.state() === 'held') void begin(lane).catch(() => {});
    },
    close: () => giveBack([...lanes.values()]),
  };
}

function isAssigned(assignment: Partitions, { topic, partition }: Lane): boolean {
  return assignment.get(topic)?.includes(partition) === true;
}
