/**
 * Derives a log's events anew from its input, and compares them with the log. Both are equal, byte for byte, unless the
 * code, the models or the configuration have changed since, or somebody tampered with the log.
 */

import type { Commit, Section } from '../messages/commit.ts';
import { exactJson } from '../messages/event-json.ts';
import type { Registry } from '../messages/registry.ts';
import type { OperatorKind } from '../streams/operator-kind.ts';
import { createPartitionFold, type Derivation, derivationTypes, deriveAll, type PartitionFold } from './derivation.ts';
import { createRebuild, takeRebuilt } from './rebuild.ts';
import type { PartitionSnapshot } from './snapshot.ts';

/** A derivation, and the offset of the log from which it holds. */
export interface DerivationSince {
  readonly fromOffset: number;
  readonly derivation: Derivation;
  /** Whether new operators began with events from here on, or with all events of the log. */
  readonly newBegin: 'here' | 'at-start';
}

export interface Difference {
  /** Offset of the commit's first event. */
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

export type LoggedCommits = AsyncIterable<LoggedCommit> | Iterable<LoggedCommit>;

/** The part of a log that is to be derived anew. */
export interface RederivedLog {
  readonly partition: number;
  /** In order, from the start of the log or from `start`. */
  readonly commits: LoggedCommits;
  /** Commits from the start of the log to an offset. Throws when they are gone. */
  before(toOffset: number): LoggedCommits;
  /** In order of offset; its first entry holds for the first commit. */
  readonly history: readonly DerivationSince[];
  /** The state before the first commit; null at the start of the log. */
  readonly start: PartitionSnapshot | null;
  /** Offset. Commits before it had events removed, and are not compared. */
  readonly comparedFrom: number;
  /** Hears of each commit before it is derived. */
  reached?(offset: number): void;
}

export async function rederive(
  log: RederivedLog,
  registry: Registry,
  kinds: readonly OperatorKind[],
): Promise<Rederived> {
  const { commits, history, start, comparedFrom } = log;
  let fold: PartitionFold | null = null;
  let next = 0;
  let [count, inputEvents, derivedEvents, differences] = [0, 0, 0, 0];
  let first: Difference | null = null;
  for await (const { offset, commit } of commits) {
    log.reached?.(offset);
    while (next < history.length && history[next]!.fromOffset <= offset) {
      fold = await changedTo(history[next]!, fold, log, registry, kinds);
      next += 1;
    }
    if (fold === null) throw new Error(`It is not known by what the commit at offset ${offset} was derived`);
    if (count === 0 && start !== null) fold.restore(start);
    const current = fold;
    const logged = commit.sections.filter(({ role }) => role === 'derived');
    const now = current.partition.replay(commit, (steps) => deriveAll(current, steps));
    count += 1;
    for (const section of commit.sections) {
      if (section.role === 'derived') derivedEvents += section.count;
      else inputEvents += section.count;
    }
    if (offset < comparedFrom || isEqual(logged, now)) continue;
    differences += 1;
    first ??= { offset, detail: describe(commit, now, registry) };
  }
  return { commits: count, inputEvents, derivedEvents, differences, first };
}

/** A restart with another configuration: state is carried over by a snapshot. */
async function changedTo(
  { derivation, fromOffset, newBegin }: DerivationSince,
  before: PartitionFold | null,
  log: RederivedLog,
  registry: Registry,
  kinds: readonly OperatorKind[],
): Promise<PartitionFold> {
  const types = derivationTypes(derivation, kinds);
  for (const type of types.inputs) registry.add(type);
  const newFold = (): PartitionFold => createPartitionFold(derivation, types, log.partition, registry);
  const fold = newFold();
  const anew = before === null ? [] : fold.restore(before.snapshot());
  if (anew.length === 0 || newBegin === 'here') return fold;
  const rebuild = createRebuild(newFold(), anew);
  for await (const { commit } of log.before(fromOffset)) rebuild.take(commit);
  takeRebuilt(fold, anew, rebuild.states());
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
      return type.decodeBlock(section.bytes).map((event) => exactJson(event));
    });
}
