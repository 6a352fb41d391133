/**
 * One partition as a fold: the position of each source, and the watermark.
 *
 * A batch becomes steps, the operators derive from them, and the result is one commit. Replaying a commit does the same with
 * its input sections and drops the derived events, so state is a fold over the log.
 */
import type { Block } from '../messages/block.ts';
import { type Commit, inputSection, type Section } from '../messages/commit.ts';
import type { InputBlock } from '../messages/origins.ts';
import type { Registry } from '../messages/registry.ts';
import type { CallCutOff, FilePosition, RequestPart, RequestTaken, TopicPosition } from '../messages/streams.ts';
import type { TablePosition } from '../messages/table-position.ts';
import { deadLetterType, requestTakenType } from '../messages/types.ts';
import { createCheck, type ExpectationFailures } from '../quality/check.ts';
import type { Expectation } from '../quality/expectation.ts';
import { beginCalls } from '../sql/function-calls.ts';
import type { EventSummary } from '../streams/operator.ts';
import { initialWatermark, type WatermarkState } from '../streams/watermark.ts';
import { createBatchSteps, type PartitionEvents } from './batch-steps.ts';
import { createBlockColumns } from './block-columns.ts';
import { cutOffBlocks } from './cut-off-blocks.ts';
import type { DerivedBlocks, DerivedSummary } from './derived-blocks.ts';
import { createKnownPlaces, type Places } from './known-places.ts';
import { type ChannelState, createPartitionTime, policiesOf } from './partition-time.ts';
import { originsOf, type Refusals, refuse, withoutRefused } from './refused.ts';
import {
  createRequests,
  DEFAULT_REQUEST_LIMITS,
  type KnownRequest,
  type RequestLimits,
  requestBlocks,
} from './requests.ts';
import type { Step } from './steps.ts';
import { createSums } from './sums.ts';
import { latestTakenMs, refuseAhead } from './too-far-ahead.ts';
import { withinBatch } from './within-batch.ts';

/** What a source hands to the partition, and where the source stands after it. */
export interface PartitionInput {
  readonly source: string;
  readonly next: number;
  readonly blocks: readonly InputBlock[];
  /** The request that the batch is a part of, when the request has a key. */
  readonly request?: RequestPart;
  /** Calls of users' code that are left out when the batch is applied. */
  readonly cutOffs?: readonly CallCutOff[];
}

export interface PartitionSpec {
  /** The name of the partition's log, without its number. */
  readonly stream: string;
  readonly partition: number;
  /** Its own stream first; the events of all others come from logs. */
  readonly inputs: readonly [PartitionEvents, ...PartitionEvents[]];
  /** Checks of each event: a failing event is refused, or only counted. */
  readonly expectations: readonly Expectation[];
  readonly requests?: RequestLimits;
}

/** What a partition keeps in a snapshot beside the state of its operators. */
export interface PartitionState extends WatermarkState {
  positions: Record<string, number>;
  files: FilePosition[];
  topics: TopicPosition[];
  tables: TablePosition[];
  channels: ChannelState[];
  requests: RequestTaken[];
  requestsForgottenUpTo: number;
}

export interface Applied {
  readonly commit: Commit;
  readonly derived: DerivedSummary;
  readonly events: number;
  readonly deadLetters: number;
  /** Failures by expectation, also of events that were taken nevertheless. */
  readonly failures: readonly ExpectationFailures[];
}

/** A partition's event time, and the time of its last commit. */
export interface PartitionStatus extends Readonly<WatermarkState> {
  /** When the last event was committed, by the clock that stamps commits; null when none was since the restoring. */
  readonly lastEventAtMs: number | null;
  /** The input channels that the watermark goes on without: they are idle, or were and have yet to catch up. */
  readonly behind: readonly string[];
}

/** Before its first batch. */
export const NOT_STARTED: PartitionStatus = { ...initialWatermark(), lastEventAtMs: null, behind: [] };

/** Drives the operators over the steps of a batch. */
export type Derive = (steps: readonly Step[]) => void;

export interface Partition {
  readonly spec: PartitionSpec;
  /** Positions committed, or about to be, by source; none before a source's first batch. */
  readonly positions: ReadonlyMap<string, number>;
  /** How far it has come in the files, topics and tables that it reads. */
  places(): Places;
  status(): PartitionStatus;
  /** The part of a request with this key that the partition has. */
  request(key: string): KnownRequest;
  /**
   * Turns a batch into a commit, which the caller appends. When this throws, the partition is rebuilt from the log.
   * `firstOffset` is the commit's first offset, where it is known.
   */
  apply(batch: PartitionInput, derive: Derive, committedAt: number, firstOffset?: number | null): Applied;
  /** Folds a commit of the log into the state. Returns the sections that the commit's input derives now. */
  replay(commit: Commit, derive: Derive): readonly Section[];
  snapshot(): PartitionState;
  restore(state: PartitionState): void;
}

/**
 * `derived` gives the operators' results. With a `summary`, the log has sums in place of the events that are in time. `found`
 * gives what operators have for themselves before a batch: it stands in the log before the batch's own blocks.
 */
export function createPartition(
  spec: PartitionSpec,
  registry: Registry,
  derived: DerivedBlocks,
  summary: EventSummary | null = null,
  found: () => readonly Block[] = () => [],
): Partition {
  const [own] = spec.inputs;
  const positions = new Map<string, number>();
  const places = createKnownPlaces(registry);
  const check = createCheck(spec.expectations, own.eventType.schema);
  const time = createPartitionTime(own.watermark, policiesOf(spec.inputs));
  const requests = createRequests(spec.requests ?? DEFAULT_REQUEST_LIMITS);
  let lastEventAtMs: number | null = null;

  const columns = createBlockColumns<PartitionEvents>(registry);
  const stepsOf = createBatchSteps(spec, registry, time, columns);
  const sumUp = summary === null ? null : createSums(summary, own, registry, time, columns);

  function stand({ source, next }: { readonly source: string; readonly next: number }): void {
    positions.set(source, next);
    positions.delete(withinBatch(source, next));
  }

  function noteEvents(events: number, committedAt: number): void {
    if (events > 0) lastEventAtMs = committedAt;
  }

  /** A batch's blocks for the journal, with dead letters in place of refused events. */
  function taken(batch: PartitionInput, committedAt: number, failures: ExpectationFailures[]): readonly Block[] {
    if (sumUp !== null) return sumUp(batch.blocks);
    const latestMs = latestTakenMs(own.watermark, committedAt);
    return batch.blocks.flatMap((block) => {
      if (registry.nameOf(block.fingerprint) !== own.eventType.name) return [block];
      const rows = columns.of(block, own);
      const refusals: Refusals = new Map();
      refuseAhead(rows.numbers(own.timeField), latestMs, refusals);
      failures.push(...check(rows, (row, detail) => refuse(refusals, row, 'expectation-failed', detail)));
      if (refusals.size === 0) return [block];
      const events = registry.decodeAs(own.eventType, block.fingerprint, block.bytes);
      return withoutRefused(own.eventType, events, refusals, spec.stream, originsOf(block, events, batch));
    });
  }

  function noteRequests(sections: readonly Block[]): void {
    for (const { fingerprint, bytes } of sections) {
      if (registry.nameOf(fingerprint) !== requestTakenType.name) continue;
      for (const request of registry.decodeAs(requestTakenType, fingerprint, bytes)) requests.take(request);
    }
  }

  return {
    spec,
    positions,
    places: places.all,
    status: () => ({ ...time.state(), lastEventAtMs, behind: time.behind() }),
    request: requests.known,
    apply(batch, derive, committedAt, firstOffset = null) {
      columns.forget();
      beginCalls(spec.stream, spec.partition, batch.cutOffs ?? []);
      const failures: ExpectationFailures[] = [];
      const blocks = [
        ...cutOffBlocks(batch),
        ...found(),
        ...taken(batch, committedAt, failures),
        ...requestBlocks(batch),
      ];
      const steps = stepsOf(blocks, firstOffset);
      derive(steps);
      stand(batch);
      noteRequests(blocks);
      places.note(blocks);
      const { stream, partition } = spec;
      const inputs: Section[] = blocks.map(inputSection);
      const { sections, summary } = derived.take(steps);
      const events = countOf(blocks, own.eventType.fingerprint);
      noteEvents(events, committedAt);
      return {
        commit: {
          stream,
          partition,
          source: batch.source,
          next: batch.next,
          committedAt,
          sections: [...inputs, ...sections],
        },
        derived: summary,
        events,
        deadLetters: countOf(blocks, deadLetterType.fingerprint),
        failures,
      };
    },
    replay(commit, derive) {
      columns.forget();
      const inputs = commit.sections.filter((section) => section.role === 'input');
      const steps = stepsOf(inputs, null);
      beginCalls(
        spec.stream,
        spec.partition,
        steps.flatMap((step) => (step.kind === 'cutOff' ? step.call : [])),
      );
      derive(steps);
      noteRequests(inputs);
      stand(commit);
      places.note(inputs);
      noteEvents(countOf(commit.sections, own.eventType.fingerprint), commit.committedAt);
      return derived.take(steps).sections;
    },
    snapshot: () => ({
      positions: Object.fromEntries(positions),
      files: [...places.all().files],
      topics: [...places.all().topics],
      tables: [...places.all().tables],
      ...time.state(),
      channels: time.channels(),
      ...requests.snapshot(),
    }),
    restore(state) {
      positions.clear();
      for (const [source, next] of Object.entries(state.positions)) positions.set(source, next);
      places.restore(state);
      time.restore(state, state.channels);
      requests.restore(state);
      lastEventAtMs = null;
    },
  };
}

function countOf(blocks: readonly Block[], fingerprint: string): number {
  let count = 0;
  for (const block of blocks) if (block.fingerprint === fingerprint) count += block.count;
  return count;
}
