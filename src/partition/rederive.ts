/**
 * Derives a log's events anew from its input, and compares them with what the log has. Equal, byte for byte, unless the
 * code, the models or the configuration have changed since, or the log was tampered with.
 */
import type { Commit, Section } from '../messages/commit.ts';
import type { Registry } from '../messages/registry.ts';
import {
  createPartitionFold,
  type Derivation,
  derivationTypes,
  deriveAll,
  type PartitionFold,
  restoreFold,
} from './derivation.ts';
import type { PartitionSnapshot } from './snapshot.ts';

/** What a partition derived by, from an offset of its log on. */
export interface DerivationSince {
  readonly fromOffset: number;
  readonly derivation: Derivation;
}

export interface Difference {
  /** Of the commit's first event. */
  readonly offset: number;
  /** For people: the event as the log has it, and as it is derived now. */
  readonly detail: string;
}

export interface Rederived {
  readonly commits: number;
  readonly inputEvents: number;
  readonly derivedEvents: number;
  /** Commits whose derived events differ. */
  readonly differences: number;
  readonly first: Difference | null;
}

export interface LoggedCommit {
  readonly offset: number;
  readonly commit: Commit;
}

/**
 * `history` is in order of offset, and its first entry holds for the first commit. `start` is the state before that, null
 * at the start of the log.
 */
export async function rederive(
  commits: AsyncIterable<LoggedCommit> | Iterable<LoggedCommit>,
  history: readonly DerivationSince[],
  partition: number,
  registry: Registry,
  start: PartitionSnapshot | null = null,
): Promise<Rederived> {
  let fold: PartitionFold | null = null;
  let next = 0;
  let [count, inputEvents, derivedEvents, differences] = [0, 0, 0, 0];
  let first: Difference | null = null;
  for await (const { offset, commit } of commits) {
    while (next < history.length && history[next]!.fromOffset <= offset) {
      fold = changedTo(history[next]!.derivation, fold, partition, registry);
      next += 1;
    }
    if (fold === null) throw new Error(`It is not known by what the commit at offset ${offset} was derived`);
    if (count === 0 && start !== null) restoreFold(fold, start);
    const current = fold;
    const logged = commit.sections.filter(({ role }) => role === 'derived');
    const now = current.partition.replay(commit, (work) => deriveAll(current, work));
    count += 1;
    for (const section of commit.sections) {
      if (section.role === 'derived') derivedEvents += section.count;
      else inputEvents += section.count;
    }
    if (isEqual(logged, now)) continue;
    differences += 1;
    first ??= { offset, detail: describe(commit, now, registry) };
  }
  return { commits: count, inputEvents, derivedEvents, differences, first };
}

/** A restart with another configuration: state goes over as a snapshot carries it. */
function changedTo(
  derivation: Derivation,
  before: PartitionFold | null,
  partition: number,
  registry: Registry,
): PartitionFold {
  const types = derivationTypes(derivation);
  registry.add(types.eventType);
  const fold = createPartitionFold(derivation, types, partition, registry);
  if (before !== null) restoreFold(fold, before.snapshot());
  return fold;
}

function isEqual(logged: readonly Section[], now: readonly Section[]): boolean {
  return (
    logged.length === now.length &&
    logged.every(({ fingerprint, bytes }, i) => {
      const other = now[i]!;
      return fingerprint === other.fingerprint && Buffer.compare(bytes, other.bytes) === 0;
    })
  );
}

function describe({ sections }: Commit, now: readonly Section[], registry: Registry): string {
  const logged = sections.filter(({ role }) => role === 'derived');
  const types = new Set([...logged, ...now].map(({ fingerprint }) => fingerprint));
  for (const fingerprint of types) {
    const before = eventsOf(logged, fingerprint, registry);
    const after = eventsOf(now, fingerprint, registry);
    for (let i = 0; i < Math.max(before.length, after.length); i++) {
      if (before[i] === after[i]) continue;
      return `${registry.nameOf(fingerprint) ?? fingerprint}: the journal has ${before[i] ?? 'nothing'}, now it is ${after[i] ?? 'nothing'}`;
    }
  }
  return 'the order of the derived events differs';
}

function eventsOf(sections: readonly Section[], fingerprint: string, registry: Registry): string[] {
  const type = registry.writerOf(fingerprint);
  return sections
    .filter((section) => section.fingerprint === fingerprint)
    .flatMap((section) => {
      if (type === undefined) return [Buffer.from(section.bytes).toString('hex')];
      return type.decodeBlock(section.bytes).map((event) => JSON.stringify(event));
    });
}
