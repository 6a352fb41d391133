/** Derives the events of one log anew, in a thread of the pool: a shard of a replay. */
import { readFrames } from '../journal/reader.ts';
import { readSchemaFiles } from '../journal/schema-files.ts';
import { createRegistry } from '../messages/registry.ts';
import { type DerivationSince, type Rederived, rederive } from '../partition/rederive.ts';

export interface RederiveTask {
  readonly dataDir: string;
  readonly journalDir: string;
  readonly log: string;
  readonly partition: number;
  readonly toOffset: number;
  readonly history: readonly DerivationSince[];
}

/** Throws when a frame can't be read. */
export default function rederiveLog(task: RederiveTask): Rederived {
  const { dataDir, journalDir, log, partition, toOffset, history } = task;
  const registry = createRegistry();
  for (const [fingerprint, json] of readSchemaFiles(dataDir)) registry.learn(fingerprint, json);
  const fromOffset = history[0]?.fromOffset ?? 0;
  return rederive(readFrames(journalDir, log, { fromOffset, toOffset }), history, partition, registry);
}
