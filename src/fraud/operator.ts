/** The fraud domain as an operator: transactions in; sessions, scores, alerts, cases and late events out. */
import { eventType } from '../messages/codec.ts';
import type { Operator, OperatorOutput } from '../streams/operator.ts';
import { type LateEvents, type OperatorSpec, operatorKind } from '../streams/operator-kind.ts';
import { recordsOf, stateOf } from '../streams/operator-state.ts';
import { cardStateSchema } from './card-state.ts';
import { createFraudDetector } from './detector.ts';
import type { FraudSpec } from './spec.ts';
import { alertRaisedType, caseChangedType, sessionClosedType, transactionScoredType } from './types.ts';

const KIND = 'fraud';
const FRAUD_SESSION = 'fraud-session';
const stateType = eventType(cardStateSchema);
/** Cards hold what they were, whatever the rules are now. */
const DEFINITION = '';

const FRAUD_STREAMS = {
  scores: 'fraud.scores',
  alerts: 'fraud.alerts',
  cases: 'fraud.cases',
  sessions: 'fraud.sessions',
} as const;

export const fraudKind = operatorKind<FraudSpec>(KIND, (name, spec, { inputs }) => ({
  actor: FRAUD_SESSION,
  types: [
    { stream: FRAUD_STREAMS.scores, type: transactionScoredType },
    { stream: FRAUD_STREAMS.alerts, type: alertRaisedType },
    { stream: FRAUD_STREAMS.cases, type: caseChangedType },
    { stream: FRAUD_STREAMS.sessions, type: sessionClosedType },
  ],
  open: (late) => createFraudOperator(name, spec, inputs[0]?.stream ?? '', late),
}));

/** What a configuration has the domain make of a stream. */
export function fraudOperatorsOf(
  { fraud }: { readonly fraud: (FraudSpec & { readonly stream: string }) | null },
  stream: string,
): OperatorSpec[] {
  if (fraud?.stream !== stream) return [];
  const { sessionGapMs, rules, caseQuietMs } = fraud;
  return [fraudKind.of(KIND, { sessionGapMs, rules, caseQuietMs })];
}

export function createFraudOperator(name: string, spec: FraudSpec, stream: string, late: LateEvents): Operator {
  const detector = createFraudDetector(spec);
  const scores = transactionScoredType.flatWriter();
  const alerts = alertRaisedType.blockWriter();
  const cases = caseChangedType.blockWriter();
  const sessions = sessionClosedType.flatWriter();
  const out = { scores, alerts, cases, sessions, late };
  // Logs have had them before the results of windows since there are logs, and a replay compares.
  const outputs: OperatorOutput[] = [
    { stream: FRAUD_STREAMS.scores, type: transactionScoredType, events: scores, isFirst: true },
    { stream: FRAUD_STREAMS.alerts, type: alertRaisedType, events: alerts, isFirst: true },
    { stream: FRAUD_STREAMS.cases, type: caseChangedType, events: cases, isFirst: true },
    { stream: FRAUD_STREAMS.sessions, type: sessionClosedType, events: sessions, isFirst: true },
  ];
  let watermarkMs = Number.NEGATIVE_INFINITY;
  return {
    name,
    kind: KIND,
    actor: FRAUD_SESSION,
    inputs: [stream],
    outputs,
    heldBackMs: null,
    begin(input) {
      watermarkMs = input.watermarkMs;
      detector.begin(input.columns);
    },
    add: (row) => detector.add(row, watermarkMs, out),
    advance(toMs) {
      watermarkMs = toMs;
      detector.advance(toMs, out);
    },
    flush: () => detector.flush(out),
    remove() {},
    snapshot: () => stateOf(stateType, DEFINITION, detector.snapshot()),
    restore: (state) => detector.restore(recordsOf(stateType, DEFINITION, state)),
    keyCount: detector.cardCount,
  };
}
