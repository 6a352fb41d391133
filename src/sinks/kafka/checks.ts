/** Whether the cluster has what a sink of the pipeline file needs, asked before the service starts. */
import { type KafkaLog, kafkaClient } from '../../kafka/client.ts';
import type { KafkaConnection } from '../../kafka/connection.ts';
import { troubleOf } from '../../kafka/trouble.ts';
import type { Unreachable } from '../adapter.ts';

const SILENT: KafkaLog = () => {};

/** Null when the topic is there, and when the cluster says something else: then the sink tries again while it runs. */
export async function checkTopic(topic: string, connection: KafkaConnection | null): Promise<Unreachable | null> {
  if (connection === null) throw new Error('A Kafka sink without its section kafka');
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
