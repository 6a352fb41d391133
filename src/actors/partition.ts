/**
 * The state of one partition that belongs to its consumer: where each source stands, and the watermark.
 *
 * A batch becomes work, the derivers add to it, and the result is one commit. Replaying a commit does the same with
 * its input sections and drops what is derived, so state is a fold over the log.
 */
import type { DynamicEvent, EventType } from '../messages/codec.ts';
import type { Commit, Section } from '../messages/commit.ts';
import type { AlertRaised, SessionClosed, Transaction } from '../messages/payments.ts';
import type { Registry } from '../messages/registry.ts';
import type { SourceControl } from '../messages/streams.ts';
import {
  alertRaisedType,
  caseChangedType,
  deadLetterType,
  lateEventType,
  sessionClosedType,
  sourceControlType,
  transactionScoredType,
  transactionType,
  windowResultType,
} from '../messages/types.ts';
import type { Batch } from '../sources/source.ts';
import {
  advanceWatermark,
  END_OF_TIME_MS,
  initialWatermark,
  observeEventTime,
  type WatermarkPolicy,
  type WatermarkState,
} from '../streams/watermark.ts';
import { type Derived, type EventsStep, noDerived, type Step, type Work } from './work.ts';

export interface PartitionSpec {
  readonly stream: string;
  readonly partition: number;
  readonly eventType: EventType<DynamicEvent> | EventType<Transaction>;
  readonly timeField: string;
  readonly watermark: WatermarkPolicy;
}

/** What a partition keeps in a snapshot beside the state of its derivers. */
export interface PartitionState {
  positions: Record<string, number>;
  maxEventTimeMs: number;
  watermarkMs: number;
}

/**
 * What a commit derived, as far as anybody asks once it is durable. The events themselves are encoded by then, and
 * holding them until the disk has answered would carry them all into the old generation of the heap.
 */
export interface DerivedSummary {
  readonly windows: number;
  readonly late: number;
  readonly sessions: number;
  readonly alerts: readonly AlertRaised[];
  /** The last few of the sessions: a sample for whoever watches. */
  readonly lastSessions: readonly SessionClosed[];
}

export interface Applied {
  readonly commit: Commit;
  readonly derived: DerivedSummary;
  readonly events: number;
  readonly deadLetters: number;
}

export interface Partition {
  readonly spec: PartitionSpec;
  /** Position committed, or about to be, for a source; 0 before its first batch. */
  position(source: string): number;
  watermarkMs(): number;
  maxEventTimeMs(): number;
  /** Turns a batch into a commit. The caller appends it; on failure the partition is rebuilt from the log. */
  apply(batch: Batch, derive: (work: Work) => void, committedAt: number): Applied;
  /** Folds a commit of the log into the state. */
  replay(commit: Commit, derive: (work: Work) => void): void;
  snapshot(): PartitionState;
  restore(state: PartitionState): void;
}

export function createPartition(spec: PartitionSpec, registry: Registry): Partition {
  const positions = new Map<string, number>();
  let clock: WatermarkState = initialWatermark();

  function eventsStep(section: Pick<Section, 'fingerprint' | 'bytes'>): EventsStep {
    const decoded = decodeEvents(spec, registry, section);
    const { events } = decoded;
    const timesMs = new Float64Array(events.length);
    const watermarksMs = new Float64Array(events.length);
    const watermarkBeforeMs = clock.watermarkMs;
    for (let i = 0; i < events.length; i++) {
      const time = events[i]![spec.timeField];
      const timeMs = typeof time === 'number' ? time : 0;
      timesMs[i] = timeMs;
      watermarksMs[i] = observeEventTime(clock, spec.watermark, timeMs);
    }
    return { kind: 'events', ...decoded, timesMs, watermarkBeforeMs, watermarksMs };
  }

  function controlSteps(controls: readonly SourceControl[]): Step[] {
    const steps: Step[] = [];
    for (const { control, watermark } of controls) {
      if (control === 'watermark' || control === 'endOfInput') {
        const target = control === 'watermark' ? watermark : END_OF_TIME_MS;
        steps.push({ kind: 'watermark', watermarkMs: advanceWatermark(clock, target) });
      }
    }
    return steps;
  }

  function workOf(sections: readonly Pick<Section, 'fingerprint' | 'bytes'>[]): Work {
    const steps: Step[] = [];
    for (const section of sections) {
      const name = registry.nameOf(section.fingerprint);
      if (name === spec.eventType.name) steps.push(eventsStep(section));
      else if (name === sourceControlType.name) {
        steps.push(...controlSteps(registry.decodeAs(sourceControlType, section.fingerprint, section.bytes)));
      }
    }
    return { steps, derived: noDerived() };
  }

  return {
    spec,
    position: (source) => positions.get(source) ?? 0,
    watermarkMs: () => clock.watermarkMs,
    maxEventTimeMs: () => clock.maxEventTimeMs,
    apply(batch, derive, committedAt) {
      const work = workOf(batch.blocks);
      derive(work);
      positions.set(batch.source, batch.next);
      const { stream, partition } = spec;
      const inputs: Section[] = batch.blocks.map((block) => ({ ...block, role: 'input' }));
      return {
        commit: {
          stream,
          partition,
          source: batch.source,
          next: batch.next,
          committedAt,
          sections: [...inputs, ...derivedSections(work.derived)],
        },
        derived: summaryOf(work.derived),
        events: countOf(batch, spec.eventType.fingerprint),
        deadLetters: countOf(batch, deadLetterType.fingerprint),
      };
    },
    replay(commit, derive) {
      derive(workOf(commit.sections.filter((section) => section.role === 'input')));
      positions.set(commit.source, commit.next);
    },
    snapshot: () => ({ positions: Object.fromEntries(positions), ...clock }),
    restore(state) {
      positions.clear();
      for (const [source, next] of Object.entries(state.positions)) positions.set(source, next);
      clock = { maxEventTimeMs: state.maxEventTimeMs, watermarkMs: state.watermarkMs };
    },
  };
}

/** A block of transactions is one array, seen both as the stream engine and as the fraud domain know it. */
function decodeEvents(
  spec: PartitionSpec,
  registry: Registry,
  section: Pick<Section, 'fingerprint' | 'bytes'>,
): Pick<EventsStep, 'events' | 'transactions'> {
  if (spec.eventType.name === transactionType.name) {
    const transactions = registry.decodeAs(transactionType, section.fingerprint, section.bytes);
    return { events: transactions, transactions };
  }
  const events = registry.decodeAs<DynamicEvent>(spec.eventType, section.fingerprint, section.bytes);
  return { events, transactions: null };
}

function derivedSections(derived: Derived): Section[] {
  const sections: Section[] = [];
  const add = <T>(type: EventType<T>, events: readonly T[]): void => {
    if (events.length > 0) sections.push({ ...type.encodeBlock(events), role: 'derived' });
  };
  add(transactionScoredType, derived.scores);
  add(alertRaisedType, derived.alerts);
  add(caseChangedType, derived.cases);
  add(sessionClosedType, derived.sessions);
  add(windowResultType, derived.windows);
  add(lateEventType, derived.late);
  return sections;
}

const SAMPLED_SESSIONS = 5;

function summaryOf({ windows, late, sessions, alerts }: Derived): DerivedSummary {
  return {
    windows: windows.length,
    late: late.length,
    sessions: sessions.length,
    alerts,
    lastSessions: sessions.slice(-SAMPLED_SESSIONS),
  };
}

function countOf(batch: Batch, fingerprint: string): number {
  let count = 0;
  for (const block of batch.blocks) if (block.fingerprint === fingerprint) count += block.count;
  return count;
}
