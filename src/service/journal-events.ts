/** Folds over the events of one type in a stream's logs: how actors above the partitions recover what they knew. */
import type { EventType } from '../messages/codec.ts';
import type { Pipeline, RunningStream } from './pipeline.ts';
import { nextTurn } from './platform.ts';

/** Calls `fold` for each event that is durable now and still kept, log by log in order; yields to the event loop in between. */
export async function foldEvents<T>(
  { reader, registry, platform }: Pick<Pipeline, 'reader' | 'registry' | 'platform'>,
  stream: RunningStream,
  type: EventType<T>,
  fold: (event: T) => void,
): Promise<void> {
  for (const { log } of stream.units) {
    const range = { fromOffset: await reader.startOf(log.name), toOffset: log.durableOffset() };
    for await (const { commit } of reader.commits(log.name, range)) {
      for (const { fingerprint, bytes } of commit.sections) {
        if (registry.nameOf(fingerprint) !== type.name) continue;
        for (const event of registry.decodeAs(type, fingerprint, bytes)) fold(event);
      }
      await nextTurn(platform);
    }
  }
}
