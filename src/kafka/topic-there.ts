/** Asks, before anything is sent, whether the cluster has the topic of a sink. */
import { type KafkaLog, kafkaClient } from './client.ts';
import type { KafkaConnection } from './connection.ts';
import { troubleOf } from './trouble.ts';

export interface TopicTrouble {
  /** No broker answers; or one answers that the topic is not there, or not for this user. */
  readonly kind: 'down' | 'configuration';
  readonly message: string;
}

const SILENT: KafkaLog = () => {};

/** Null when the topic is there, and when the cluster says something else: sending it again may help then. */
export async function checkTopic(topic: string, connection: KafkaConnection): Promise<TopicTrouble | null> {
  const { brokers } = connection;
  try {
    const kafka = await kafkaClient(connection, SILENT);
    const admin = kafka.admin();
    try {
      await admin.connect();
      await admin.fetchTopicMetadata({ topics: [topic] });
      return null;
    } finally {
      await admin.disconnect();
    }
  } catch (error) {
    const { kind, message } = troubleOf(error, brokers);
    if (kind === 'down') return { kind, message };
    if (kind === 'absent') {
      return {
        kind: 'configuration',
        message: `Kafka at ${brokers.join(', ')} has no topic ${topic}; create it first`,
      };
    }
    return kind === 'refused' ? { kind: 'configuration', message } : null;
  }
}
