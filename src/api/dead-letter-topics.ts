/**
 * Topics of Kafka that dead letters are sent to with their original bytes: a second place for them beside the journal.
 */
import type { Config } from '../config/config.ts';
import type { PipelineInfo } from '../http/view.ts';
import { deadLettersOf } from '../messages/stream-events.ts';

export function deadLetterTopics({
  sinks,
  streams,
}: Pick<Config, 'sinks' | 'streams'>): PipelineInfo['deadLetterTopics'] {
  return sinks.flatMap((sink) => {
    if (sink.kind !== 'kafka' || sink.value !== 'original') return [];
    const own = streams.map(({ name }) => name).filter((name) => sink.from.includes(deadLettersOf(name)));
    return [{ topic: sink.topic, streams: own }];
  });
}
