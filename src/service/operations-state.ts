/**
 * The state that a start reads from the operations log: the newest snapshot of jobs and suites, and the log's events after
 * it. Snapshots are events of a log of their own. Each snapshot is complete, so the snapshot log is pruned up to the newest
 * one, and the operations log may be pruned up to that one's offset.
 */
import {
  lastOperationsSnapshot,
  OPERATIONS_SNAPSHOTS_LOG as SNAPSHOTS_LOG,
} from '../data-directory/operations-snapshot.ts';
import { applyEvent, type JobFact, type JobsState, noJobs } from '../jobs/runs.ts';
import { restoredJobs, savedJobs } from '../jobs/snapshot.ts';
import type { Log } from '../journal/log.ts';
import type { CheckRan } from '../messages/check-facts.ts';
import type { EventType } from '../messages/codec.ts';
import { OPERATIONS_SNAPSHOTS, type OperationsSnapshot } from '../messages/operations-snapshot.ts';
import {
  backfillChangedType,
  checkRanType,
  jobPausedType,
  operationsSnapshotType,
  runChangedType,
  stepChangedType,
  tablePublishedType,
} from '../messages/types.ts';
import type { Pipeline } from './pipeline.ts';
import { nextTurn } from './platform.ts';
import type { Pruning } from './pruning.ts';
import { appendWhole, pruneBehind } from './whole-log.ts';

export interface OperationsState {
  readonly jobs: JobsState;
  /** The newest run of each suite that the clock starts. */
  readonly suites: Map<string, SuiteStanding>;
  /** The state includes everything in the log below this offset. */
  readonly offset: number;
}

export type SuiteStanding = Pick<CheckRan, 'due' | 'outcome'>;

export interface OperationsSnapshots {
  /** The state after everything that is durable now. The caller owns it and may change it. */
  state(): Promise<OperationsState>;
  /** The offset of the newest snapshot; 0 without one. */
  offset(): number;
  /** Takes a snapshot if the log has grown by so much that the next start would feel it. */
  saveWhenDue(): Promise<void>;
}

/** A new snapshot is taken once the log has grown by this many events, and by as many as the last snapshot has runs. */
const EVENTS_BETWEEN = 10_000;
const COMMITS_A_TURN = 64;

export async function openOperationsSnapshots(
  pipeline: Pipeline,
  pruning: Pruning,
  everyEvents = EVENTS_BETWEEN,
): Promise<OperationsSnapshots> {
  const { journal, reader, registry, operations, platform } = pipeline;
  const isThere = journal.logNames().includes(SNAPSHOTS_LOG);
  let log: Log | null = isThere ? await journal.openLog(SNAPSHOTS_LOG) : null;
  const newest = (): Promise<OperationsSnapshot | null> =>
    lastOperationsSnapshot(reader, registry, log?.durableOffset() ?? 0);
  let last = sizeOf(await newest());
  let isSaving = false;

  const own = operations.units[0]?.log;

  async function state(): Promise<OperationsState> {
    const toOffset = own?.durableOffset() ?? 0;
    const snapshot = await newest();
    const jobs = snapshot === null ? noJobs() : restoredJobs(snapshot);
    const suites = new Map<string, SuiteStanding>();
    for (const { suite, due, outcome } of snapshot?.suites ?? [])
      suites.set(suite, { due, outcome: outcomeOf(outcome) });
    const fromOffset = snapshot?.offset ?? (own === undefined ? 0 : await reader.startOf(own.name));
    if (own === undefined || fromOffset >= toOffset) return { jobs, suites, offset: fromOffset };
    let commits = 0;
    for await (const { commit } of reader.commits(own.name, { fromOffset, toOffset })) {
      for (const { fingerprint, bytes } of commit.sections) {
        const name = registry.nameOf(fingerprint);
        if (name === checkRanType.name) {
          for (const { suite, runId, due, outcome } of registry.decodeAs(checkRanType, fingerprint, bytes)) {
            // A suite's run in a job's step has the name of the run and the step, and belongs to no period.
            if (!runId.includes('/')) suites.set(suite, { due, outcome });
          }
          continue;
        }
        const fold = FACTS.get(name ?? '');
        for (const fact of fold?.(registry.decodeAs, fingerprint, bytes) ?? []) applyEvent(jobs, fact);
      }
      commits += 1;
      if (commits % COMMITS_A_TURN === 0) await nextTurn(platform);
    }
    return { jobs, suites, offset: toOffset };
  }

  async function save(): Promise<void> {
    const { jobs, suites, offset } = await state();
    const snapshot = {
      offset,
      ...savedJobs(jobs),
      suites: [...suites].map(([suite, { due, outcome }]) => ({ suite, due, outcome })),
    };
    log ??= await journal.openLog(SNAPSHOTS_LOG);
    const block = operationsSnapshotType.encodeBlock([snapshot]);
    const at = await appendWhole(log, OPERATIONS_SNAPSHOTS, block, platform.nowMs());
    last = sizeOf(snapshot);
    if (!pruning.isHeld()) await pruneBehind(platform, journal.dir, log.name, at);
  }

  return {
    state,
    offset: () => last.offset,
    async saveWhenDue() {
      const grown = (own?.durableOffset() ?? 0) - last.offset;
      if (isSaving || grown < Math.max(everyEvents, last.runs)) return;
      isSaving = true;
      try {
        await save();
      } finally {
        isSaving = false;
      }
    },
  };
}

function sizeOf(snapshot: OperationsSnapshot | null): { readonly offset: number; readonly runs: number } {
  if (snapshot === null) return { offset: 0, runs: 0 };
  return { offset: snapshot.offset, runs: snapshot.jobs.reduce((sum, { runs }) => sum + runs.length, 0) };
}

type Decode = <T>(type: EventType<T>, fingerprint: string, bytes: Uint8Array) => T[];

function factsOf<T>(
  type: EventType<T>,
  factOf: (event: T) => JobFact,
): readonly [string, (decode: Decode, fingerprint: string, bytes: Uint8Array) => JobFact[]] {
  return [type.name, (decode, fingerprint, bytes) => decode(type, fingerprint, bytes).map(factOf)];
}

const FACTS = new Map([
  factsOf(runChangedType, (event) => ({ kind: 'run', event })),
  factsOf(stepChangedType, (event) => ({ kind: 'step', event })),
  factsOf(jobPausedType, (event) => ({ kind: 'paused', event })),
  factsOf(backfillChangedType, (event) => ({ kind: 'backfill', event })),
  factsOf(tablePublishedType, (event) => ({ kind: 'table', event })),
]);

function outcomeOf(text: string): CheckRan['outcome'] {
  return text === 'passed' || text === 'warning' ? text : 'failed';
}
