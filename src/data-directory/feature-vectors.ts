/** Vectors of features as the journal of a data directory has them. */
import type { FeatureStage } from '../features/feature-spec.ts';
import { nodeSyncFs } from '../journal/sync-fs.ts';
import type { Columns } from '../messages/columns.ts';
import { derivedStreamOfRecord } from '../messages/derived-event.ts';
import { logPlace } from '../messages/log-name.ts';
import { notedStreams } from './derivation-history.ts';
import { readBlocks } from './read-blocks.ts';

export interface VectorStream {
  readonly name: string;
  /** What the logs with the vectors are named for. */
  readonly log: string;
  readonly timeField: string;
  /** The field that orders vectors of one time; null where none does. */
  readonly order: string | null;
  /** The names of the features, as declared. */
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
 * Blocks of vectors, log by log. Within a log they come in order of event time, except late ones. It takes no lock. A
 * block's columns are gone when the next block is asked for.
 */
export function readVectors(dataDir: string, { name, log: stream }: VectorStream): AsyncGenerator<Columns> {
  return readBlocks(
    dataDir,
    (log) => logPlace(log)?.stream === stream,
    (type) => derivedStreamOfRecord(type) === name,
  );
}
