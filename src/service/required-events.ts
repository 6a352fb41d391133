/**
 * Refuses a start when an operator without state needs events that were pruned. Such an operator begins at the start of the
 * log. The refusal comes before anything runs, and says that the journal is whole.
 */
import { ConfigError } from '../config/config-error.ts';
import type { CommitReader } from '../journal/commit-reader.ts';
import type { Journal } from '../journal/journal.ts';
import type { Log } from '../journal/log.ts';
import type { SnapshotStore } from '../journal/snapshots.ts';
import type { PartitionFold } from '../partition/derivation.ts';
import { decodeSnapshot } from '../partition/snapshot.ts';
import type { OperatorAnew } from '../streams/operator.ts';
import type { OperatorSpec } from '../streams/operator-kind.ts';

interface Place {
  readonly journal: Journal;
  readonly reader: CommitReader;
  readonly snapshots: SnapshotStore;
}

/** The section of a pipeline file that declares operators of a kind. */
const SECTIONS: Readonly<Record<string, string>> = {
  window: 'windows',
  join: 'joins',
  derived: 'derived',
  operator: 'operators',
};

/** Throws a ConfigError, having closed the journal, when an operator needs events of the log that were pruned. */
export async function requireStateOf(log: Log, newFold: () => PartitionFold, place: Place): Promise<void> {
  const { journal, reader, snapshots } = place;
  const start = await reader.startOf(log.name);
  if (start === 0) return;
  const found = await snapshots.latest(log.name, log.durableOffset());
  const snapshot = found === null ? null : decodeSnapshot(found.body);
  // A pruned log without a readable snapshot is damaged, and is reported as such elsewhere.
  if (snapshot === null) return;
  const anew = newFold().restore(snapshot);
  if (anew.length > 0) await refuse(anew, log.name, start, journal);
}

/**
 * Throws a ConfigError as well when an operator whose partitions are new needs pruned events: it reads these logs from
 * their start.
 */
export async function requireStartsOf(
  operators: readonly OperatorSpec[],
  logs: readonly Log[],
  { journal, reader }: Place,
): Promise<void> {
  for (const log of logs) {
    const start = await reader.startOf(log.name);
    const anew = operators.map(({ kind, name }) => ({ kind, name, why: 'it is new here' }));
    if (start > 0) await refuse(anew, log.name, start, journal);
  }
}

async function refuse(anew: readonly OperatorAnew[], log: string, start: number, journal: Journal): Promise<never> {
  await journal.close();
  const message = (why: string): string =>
    `${why}, so it has to be told all events of ${log} from the first on, and those before offset ${start} were ` +
    'pruned. Take it out, or write it as it was, to go on with this data directory; to have it, give it another data ' +
    'directory, or a copy of this one from before the pruning. Nothing is damaged, and no event was changed.';
  throw new ConfigError(
    anew.map(({ kind, name, why }) => {
      const section = SECTIONS[kind];
      const path = section === undefined ? name : `${section}.${name}`;
      return { file: log, line: null, column: null, path, message: message(why) };
    }),
  );
}
