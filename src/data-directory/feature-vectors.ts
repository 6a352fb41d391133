/** Vectors of features as the journal of a data directory has them. */
import { BUILTIN_TYPES } from '../builtin-types.ts';
import type { FeatureStage } from '../features/feature-spec.ts';
import { openPassingReader } from '../journal/open-reader.ts';
import { readSchemaFiles } from '../journal/schema-files.ts';
import { nodeSyncFs } from '../journal/sync-fs.ts';
import type { Columns } from '../messages/columns.ts';
import { derivedStreamOfRecord } from '../messages/derived-event.ts';
import { logPlace } from '../messages/log-name.ts';
import { createRegistry } from '../messages/registry.ts';
import { notedStreams } from './derivation-history.ts';
import { requireJournal } from './require-journal.ts';

export interface VectorStream {
  readonly name: string;
  /** What the logs that have it are named for. */
  readonly log: string;
  readonly timeField: string;
  /** The field that orders vectors of one time; null where none does. */
  readonly order: string | null;
  /** The features, as declared. */
  readonly features: readonly string[];
}

/** The streams of vectors that the data directory was last run for. */
export function vectorStreams(dataDir: string): VectorStream[] {
  return [...notedStreams(dataDir, nodeSyncFs).values()].flatMap(({ derivation }) =>
    derivation.operators.flatMap(({ kind, name, spec }): VectorStream | [] => {
      if (kind !== 'features' || !isLastStage(spec)) return [];
      const { timeField, order, given } = spec;
      return { name, log: derivation.stream, timeField, order, features: given };
    }),
  );
}

function isLastStage(spec: object): spec is FeatureStage & Required<Pick<FeatureStage, 'given'>> {
  return 'given' in spec && Array.isArray(spec.given);
}

/**
 * Blocks of vectors, log by log in their order: within a log in order of event time, but for late ones. Takes no lock. A
 * block's columns are gone when the next is asked for.
 */
export async function* readVectors(dataDir: string, { name, log: stream }: VectorStream): AsyncGenerator<Columns> {
  const reader = openPassingReader(requireJournal(dataDir));
  const registry = createRegistry(BUILTIN_TYPES);
  for (const [fingerprint, json] of readSchemaFiles(dataDir)) registry.learn(fingerprint, json);
  for (const log of await reader.logNames()) {
    if (logPlace(log)?.stream !== stream) continue;
    const range = { fromOffset: await reader.startOf(log), toOffset: await reader.endOf(log) };
    for await (const { commit } of reader.commits(log, range)) {
      for (const section of commit.sections) {
        const type = registry.writerOf(section.fingerprint);
        if (type !== undefined && derivedStreamOfRecord(type.name) === name) yield type.columns(section);
      }
    }
  }
}
