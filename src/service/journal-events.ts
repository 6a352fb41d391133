/** Folds over the events of one type in a stream's logs: how actors above the partitions recover what they knew. */
import { readFrames } from '../journal/reader.ts';
import type { EventType } from '../messages/codec.ts';
import { decodeCommit } from '../messages/commit.ts';
import type { Pipeline, StreamRuntime } from './pipeline.ts';

/** Calls `fold` for each event that is durable now, log by log in order; yields to the event loop in between. */
export async function foldEvents<T>(
  pipeline: Pipeline,
  stream: StreamRuntime,
  type: EventType<T>,
  fold: (event: T) => void,
): Promise<void> {
  const { journalDir, registry } = pipeline;
  for (const { log } of stream.units) {
    for (const frame of readFrames(journalDir, log.name, { fromOffset: 0, toOffset: log.durableOffset() })) {
      for (const { fingerprint, bytes } of decodeCommit(frame.body).sections) {
        if (registry.nameOf(fingerprint) !== type.name) continue;
        for (const event of registry.decodeAs(type, fingerprint, bytes)) fold(event);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
