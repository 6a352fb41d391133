/**
 * A script of events and controls through one whole partition: the partition's own state, window aggregator and fraud
 * session, as the service wires them. What is derived is read back from the commit's bytes, and a snapshot goes through
 * its encoded form.
 */
import { createActor } from 'xstate';
import { deriverMachine } from '../../src/actors/deriver.ts';
import { BUILTIN_TYPES } from '../../src/builtin-types.ts';
import type { CaseActed, RuleHit, SuppressionChanged } from '../../src/fraud/case-schemas.ts';
import { type AnyFraudSpec, formOf } from '../../src/fraud/earlier.ts';
import type { ChallengerScored, ModelChanged, ModelOutage } from '../../src/fraud/model-schemas.ts';
import { createFraudOperator } from '../../src/fraud/operator.ts';
import type {
  AlertRaised,
  CaseChanged,
  FraudLabel,
  SessionClosed,
  TransactionScored,
} from '../../src/fraud/schemas.ts';
import {
  alertRaisedType,
  caseActedType,
  caseChangedType,
  challengerScoredType,
  fraudLabelType,
  modelChangedType,
  modelOutageType,
  ruleHitType,
  sessionClosedType,
  suppressionChangedType,
  transactionScoredType,
  transactionType,
} from '../../src/fraud/types.ts';
import type { AvroRecord } from '../../src/messages/avro.ts';
import type { Block } from '../../src/messages/block.ts';
import { type DynamicEvent, dynamicEventType, type EventType } from '../../src/messages/codec.ts';
import { type Commit, encodeCommit } from '../../src/messages/commit.ts';
import { createRegistry } from '../../src/messages/registry.ts';
import type { DeadLetter, LateEvent } from '../../src/messages/streams.ts';
import {
  deadLetterType,
  flushType,
  lateEventType,
  operatorMessageType,
  sourceControlType,
} from '../../src/messages/types.ts';
import type { WindowResult, WindowResultType } from '../../src/messages/window-result.ts';
import { createDerivedBlocks, createLateBlocks } from '../../src/partition/derived-blocks.ts';
import { foundBy } from '../../src/partition/found-by.ts';
import { createPartition, type Derive, type PartitionSpec } from '../../src/partition/partition.ts';
import { savedOperator } from '../../src/partition/saved-operators.ts';
import { decodeSnapshot, encodeSnapshot } from '../../src/partition/snapshot.ts';
import type { Expectation } from '../../src/quality/expectation.ts';
import type { AggregateTable } from '../../src/streams/aggregate-table.ts';
import type { WatermarkPolicy } from '../../src/streams/watermark.ts';
import type { WindowSpec } from '../../src/streams/window-kind.ts';
import { createWindowOperator, resultTypeOf } from '../../src/streams/window-operator.ts';

export const END = { control: 'endOfInput' } as const;
/** All that is open is given, and stays open. */
export const FLUSH = { flush: 'end-of-input' } as const;
/** Records that an operator is told. */
export interface Message {
  readonly operator: string;
  readonly told: Block;
}
export type Step = DynamicEvent | { readonly watermark: number } | typeof END | typeof FLUSH | Message;

export interface DriverOptions {
  readonly schema: AvroRecord;
  readonly timeField: string;
  readonly watermark: WatermarkPolicy;
  readonly windows?: readonly WindowSpec[];
  readonly aggregates?: AggregateTable;
  readonly fraud?: AnyFraudSpec;
  readonly expectations?: readonly Expectation[];
}

/** What a batch derived, as objects. */
export interface DerivedEvents {
  readonly windows: readonly (WindowResult & { readonly window: string })[];
  readonly late: readonly LateEvent[];
  /** What the partition refused. */
  readonly deadLetters: readonly DeadLetter[];
  readonly sessions: readonly SessionClosed[];
  readonly scores: readonly TransactionScored[];
  readonly alerts: readonly AlertRaised[];
  readonly cases: readonly CaseChanged[];
  readonly hits: readonly RuleHit[];
  readonly actions: readonly CaseActed[];
  readonly suppressions: readonly SuppressionChanged[];
  readonly labels: readonly FraudLabel[];
  readonly models: readonly ModelChanged[];
  readonly outages: readonly ModelOutage[];
  readonly challenger: readonly ChallengerScored[];
}

export interface Driver {
  /** Sends the steps as one batch. */
  pipe(...steps: readonly Step[]): DerivedEvents;
  /** The wall clock that commits are stamped with goes to this time. It begins at 0. */
  setClock(nowMs: number): void;
  /** Folds a commit of the log into the state, as a restart does. */
  replay(commit: Commit): void;
  snapshot(): Uint8Array;
  /** Every commit so far, as the log would hold it. */
  readonly commits: Commit[];
  bytes(): Buffer;
  readonly watermarkMs: () => number;
  /** Groups that the windows hold. */
  groups(): number;
}

/**
 * Types that were compiled, by what they were compiled from. A service compiles each once. A property test has hundreds of
 * partitions of one stream, and compiling its types takes most of a short run.
 */
const eventTypes = new WeakMap<AvroRecord, EventType<DynamicEvent>>();
const resultTypes = new WeakMap<WindowSpec, WindowResultType>();

function compiled<From extends object, Type>(known: WeakMap<From, Type>, from: From, compile: () => Type): Type {
  const type = known.get(from) ?? compile();
  known.set(from, type);
  return type;
}

/** A partition at the start of its log, or as a snapshot has it. */
export function drivePartition(options: DriverOptions, snapshot?: Uint8Array): Driver {
  const eventType = compiled(eventTypes, options.schema, () => dynamicEventType(options.schema));
  const registry = createRegistry(BUILTIN_TYPES);
  registry.add(eventType);
  const { timeField, watermark } = options;
  const stream = 'test';
  const spec: PartitionSpec = {
    stream,
    partition: 0,
    inputs: [{ stream, eventType, timeField, watermark, channels: [] }],
    expectations: options.expectations ?? [],
  };
  const late = createLateBlocks();
  const { aggregates: table } = options;
  const windows = (options.windows ?? []).map((window) =>
    table === undefined ? compiled(resultTypes, window, () => resultTypeOf(window)) : resultTypeOf(window, table),
  );
  const aggregates = (options.windows ?? []).map((window, i) =>
    createWindowOperator(window, windows[i]!, { stream, schema: eventType.schema }, late, options.aggregates),
  );
  const cards =
    options.fraud === undefined
      ? []
      : [createFraudOperator('fraud', options.fraud, { stream, schema: eventType.schema }, late)];
  const operators = [...aggregates, ...cards];
  const partition = createPartition(spec, registry, createDerivedBlocks(operators, late, false), null, () =>
    foundBy(operators),
  );
  const derivers = [aggregates, cards].map((own) => createActor(deriverMachine, { input: { operators: own } }).start());
  if (snapshot !== undefined) {
    const state = decodeSnapshot(snapshot);
    if (state === null) throw new Error('The snapshot is of another version');
    partition.restore(state);
    for (const actor of derivers) actor.send({ type: 'RESTORE', states: state.operators, anew: () => {} });
  }
  for (const actor of derivers) actor.send({ type: 'RECOVERED' });

  const derive: Derive = (steps) => {
    for (const actor of derivers) actor.send({ type: 'APPLY', steps });
  };
  const commits: Commit[] = [];
  let nowMs = 0;
  let next = partition.positions.get('script') ?? 0;
  return {
    commits,
    pipe(...steps) {
      next += steps.length;
      const batch = { source: 'script', next, blocks: blocksOf(eventType, steps) };
      const { commit } = partition.apply(batch, derive, nowMs);
      commits.push(commit);
      return derivedOf(commit, windows);
    },
    setClock(time) {
      nowMs = time;
    },
    replay(commit) {
      partition.replay(commit, derive);
      next = partition.positions.get('script') ?? 0;
    },
    snapshot: () => encodeSnapshot({ ...partition.snapshot(), operators: operators.map(savedOperator) }),
    bytes: () => Buffer.concat(commits.flatMap((commit) => encodeCommit(commit).parts)),
    watermarkMs: () => partition.status().watermarkMs,
    groups: () => aggregates.reduce((sum, operator) => sum + operator.keyCount(), 0),
  };
}

/** Neighbouring events share a block, and each control has its own. */
function blocksOf(eventType: EventType<DynamicEvent>, steps: readonly Step[]): Block[] {
  const blocks: Block[] = [];
  let events: DynamicEvent[] = [];
  const flush = (): void => {
    if (events.length > 0) blocks.push(eventType.encodeBlock(events));
    events = [];
  };
  for (const step of steps) {
    const control = controlOf(step);
    if (isMessage(step)) {
      flush();
      const { fingerprint, count, bytes } = step.told;
      blocks.push(
        operatorMessageType.encodeBlock([{ operator: step.operator, fingerprint, count, block: Buffer.from(bytes) }]),
      );
    } else if (step === FLUSH) {
      flush();
      blocks.push(flushType.encodeBlock([{ reason: FLUSH.flush }]));
    } else if (control === null) events.push(step);
    else {
      flush();
      blocks.push(sourceControlType.encodeBlock([control]));
    }
  }
  flush();
  return blocks;
}

function isMessage(step: Step): step is Message {
  return 'told' in step;
}

function controlOf(step: Step) {
  if (step === END) return { control: 'endOfInput' as const, watermark: 0 };
  if ('watermark' in step && typeof step.watermark === 'number') {
    return { control: 'watermark' as const, watermark: step.watermark };
  }
  return null;
}

/** Also reads what the domain said before rules were declared. */
const reading = createRegistry(BUILTIN_TYPES);
const earlier = formOf({
  sessionGapMs: 1,
  caseQuietMs: 1,
  rules: { amountCents: 1, velocityCount: 1, deviations: 1, minHistory: 2 },
});
for (const type of [earlier.alerts, earlier.cases]) reading.add(type);

function derivedOf({ sections }: Commit, windows: readonly WindowResultType[] = []): DerivedEvents {
  const events = <T>(type: EventType<T>): T[] =>
    sections
      .filter(({ fingerprint }) => fingerprint === type.fingerprint || reading.nameOf(fingerprint) === type.name)
      .flatMap(({ fingerprint, bytes }) => reading.decodeAs(type, fingerprint, bytes));
  return {
    windows: windows.flatMap(({ window, type }) => events(type).map((result) => ({ ...result, window }))),
    late: events(lateEventType),
    deadLetters: events(deadLetterType),
    sessions: events(sessionClosedType),
    scores: events(transactionScoredType),
    alerts: events(alertRaisedType),
    cases: events(caseChangedType),
    hits: events(ruleHitType),
    actions: events(caseActedType),
    suppressions: events(suppressionChangedType),
    labels: events(fraudLabelType),
    models: events(modelChangedType),
    outages: events(modelOutageType),
    challenger: events(challengerScoredType),
  };
}

/** All that several batches derived. */
export function together(parts: readonly DerivedEvents[]): DerivedEvents {
  return {
    windows: parts.flatMap(({ windows }) => windows),
    late: parts.flatMap(({ late }) => late),
    deadLetters: parts.flatMap(({ deadLetters }) => deadLetters),
    sessions: parts.flatMap(({ sessions }) => sessions),
    scores: parts.flatMap(({ scores }) => scores),
    alerts: parts.flatMap(({ alerts }) => alerts),
    cases: parts.flatMap(({ cases }) => cases),
    hits: parts.flatMap(({ hits }) => hits),
    actions: parts.flatMap(({ actions }) => actions),
    suppressions: parts.flatMap(({ suppressions }) => suppressions),
    labels: parts.flatMap(({ labels }) => labels),
    models: parts.flatMap(({ models }) => models),
    outages: parts.flatMap(({ outages }) => outages),
    challenger: parts.flatMap(({ challenger }) => challenger),
  };
}

export const TRANSACTIONS = { schema: transactionType.schema, timeField: 'occurredAt' } as const;
