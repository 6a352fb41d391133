/** Whether a source can work at all, as it is asked before a service starts. */

import type { KafkaConnection } from '../../kafka/connection.ts';
import { createGroup } from '../../kafka/group-client.ts';
import { askRegistry } from '../../kafka/registry-answers.ts';
import { troubleOf } from '../../kafka/trouble.ts';
import type { SourceHost, SourceStream, Unreachable } from '../adapter.ts';
import type { KafkaSourceSettings } from './settings.ts';
import { namedTopics } from './topics.ts';

/** A cluster that has just started says for a while that it is not ready. */
const NOT_READY_MS = 15_000;
const PAUSE_MS = 300;

/** Null when everything is there, and when the cluster says something else: then the source tries again while it runs. */
export async function checkTopics(
  settings: KafkaSourceSettings,
  stream: SourceStream,
  groupId: string,
  host: SourceHost,
): Promise<Unreachable | null> {
  const { kafka, nowMs, sleep } = host;
  if (kafka === null) throw new Error('A Kafka source without its section kafka');
  for (const startedAtMs = nowMs(); nowMs() - startedAtMs < NOT_READY_MS; ) {
    try {
      const problem = await askCluster(settings, stream, groupId, kafka);
      if (problem !== null) return { kind: 'configuration', message: problem };
      return settings.value === 'avro-registry' && kafka.registryUrl !== null
        ? await askRegistry(kafka.registryUrl)
        : null;
    } catch (error) {
      const { kind, message } = troubleOf(error, kafka.brokers);
      if (kind === 'down') return { kind: 'down', message };
      if (kind !== 'other') return { kind: 'configuration', message };
      await sleep(PAUSE_MS, new AbortController().signal);
    }
  }
  return null;
}

/** What the pipeline file says and the cluster has not. Rejects when the cluster does not answer, or refuses. */
async function askCluster(
  settings: KafkaSourceSettings,
  stream: SourceStream,
  groupId: string,
  connection: KafkaConnection,
): Promise<string | null> {
  const { fetch, sessionTimeoutMs } = settings;
  const logs = stream.partitions;
  const group = await createGroup({ connection, groupId, logs, fetch, sessionTimeoutMs, log: () => {} });
  try {
    const { topics, problem } = await namedTopics(group, settings, logs);
    if (problem !== null && settings.topics !== null) return problem;
    for (const topic of topics) {
      // Both are refused where a right is missing.
      await group.bounds(topic);
      await group.committed(topic);
    }
    return null;
  } finally {
    await group.close();
  }
}
