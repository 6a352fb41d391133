/** Threads of partitions, without a thread: what one computes, in the order in which it is asked. */
import { createPartitionHost } from '../../src/actors/partition-host.ts';
import { BUILTIN_TYPES } from '../../src/builtin-types.ts';
import { openReader } from '../../src/journal/open-reader.ts';
import { readSchemaFiles } from '../../src/journal/schema-files.ts';
import type { SyncFs } from '../../src/journal/sync-fs.ts';
import { logName } from '../../src/messages/log-name.ts';
import { createRegistry } from '../../src/messages/registry.ts';
import { OPERATOR_KINDS } from '../../src/operator-kinds.ts';
import { createPartitionFold, derivationTypes, type PartitionFold } from '../../src/partition/derivation.ts';
import type { PartitionThreads } from '../../src/workers/partition-threads.ts';

export function startThreadsHere(syncFs: SyncFs, later: (callback: () => void) => void): PartitionThreads {
  return {
    open(_, { dataDir, journal, derivation, partition, requests }) {
      const registry = createRegistry(BUILTIN_TYPES);
      for (const [fingerprint, json] of readSchemaFiles(dataDir, syncFs)) registry.learn(fingerprint, json);
      const types = derivationTypes(derivation, OPERATOR_KINDS);
      for (const type of types.inputs) registry.add(type);
      const reader = openReader(journal, syncFs);
      const newFold = (): PartitionFold => createPartitionFold(derivation, types, partition, registry, requests);
      return createPartitionHost({
        fold: newFold(),
        newFold,
        writerOf: registry.writerOf,
        commits: (fromOffset, toOffset) =>
          reader.commits(logName(derivation.stream, partition), { fromOffset, toOffset }),
        nextTurn: () => new Promise((resolve) => later(resolve)),
      });
    },
    workers: () => [],
    close: async () => {},
  };
}
