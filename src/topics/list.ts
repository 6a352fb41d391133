/** The topics of a cluster, with what is in them and how far the groups of a pipeline are. */
import { type KafkaLog, kafkaClient } from '../kafka/client.ts';
import { committedOffsets } from '../kafka/committed-offsets.ts';
import type { KafkaConnection } from '../kafka/connection.ts';

export interface ListedTopic {
  readonly topic: string;
  readonly partitions: number;
  /** Between the first that is kept and the end: markers of transactions and what was compacted away count too. */
  readonly records: number;
  /** By group: records that its committed offsets have not passed; null where it has committed none. */
  readonly behind: ReadonlyMap<string, number | null>;
}

/** Topics that brokers keep for themselves begin so. */
const INTERNAL = '__';

/** `groups`: those to look at, of all topics. Rejects with an error of kafkajs. */
export async function listTopics(
  connection: KafkaConnection,
  groups: readonly string[],
  log: KafkaLog,
): Promise<ListedTopic[]> {
  const admin = (await kafkaClient(connection, log)).admin();
  await admin.connect();
  try {
    const names = (await admin.listTopics()).filter((name) => !name.startsWith(INTERNAL)).toSorted();
    const committed = new Map<string, ReadonlyMap<string, number>>();
    for (const groupId of names.length === 0 ? [] : groups) {
      const answers = await committedOffsets(admin, groupId, names);
      const offsets = answers.flatMap(({ topic, partitions }) =>
        partitions.map(({ partition, offset }) => [`${topic}/${partition}`, Number(offset)] as const),
      );
      committed.set(groupId, new Map(offsets));
    }
    return await Promise.all(
      names.map(async (topic): Promise<ListedTopic> => {
        const bounds = await admin.fetchTopicOffsets(topic);
        const behind = groups.map((group) => {
          const known = bounds.map(({ partition, low, high }) => {
            const offset = committed.get(group)?.get(`${topic}/${partition}`) ?? -1;
            return { isKnown: offset >= 0, behind: Number(high) - Math.max(offset, Number(low)) };
          });
          const sum = known.reduce((total, each) => total + Math.max(0, each.behind), 0);
          return [group, known.some(({ isKnown }) => isKnown) ? sum : null] as const;
        });
        const records = bounds.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0);
        return { topic, partitions: bounds.length, records, behind: new Map(behind) };
      }),
    );
  } finally {
    await admin.disconnect();
  }
}
