/** Folds over the events of one type in a stream's logs: how actors above the partitions recover what they knew. */
import { readFrames } from '../journal/reader.ts';
import type { EventType } from '../messages/codec.ts';
import { decodeCommit } from '../messages/commit.ts';
import type { Pipeline, RunningStream } from './pipeline.ts';
import { nextTurn } from './platform.ts';

/** Calls `fold` for each event that is durable now, log by log in order; yields to the event loop in between. */
export async function foldEvents<T>(
  pipeline: Pipeline,
  stream: RunningStream,
  type: EventType<T>,
  fold: (event: T) => void,
): Promise<void> {
  const { journalDir, registry, platform } = pipeline;
  for (const { log } of stream.units) {
    const range = { fromOffset: 0, toOffset: log.durableOffset() };
    for (const frame of readFrames(journalDir, log.name, range, platform.disk.syncFs)) {
      for (const { fingerprint, bytes } of decodeCommit(frame.body).sections) {
        if (registry.nameOf(fingerprint) !== type.name) continue;
        for (const event of registry.decodeAs(type, fingerprint, bytes)) fold(event);
      }
      await nextTurn(platform);
    }
  }
}
