/** The fraud domain as an operator: transactions and commands in; scores, sessions, hits, alerts, cases and late events out. */
import type { AvroRecord } from '../messages/avro.ts';
import { eventType } from '../messages/codec.ts';
import type { Columns } from '../messages/columns.ts';
import { jsonOf } from '../messages/event-json.ts';
import { deadLetterType } from '../messages/types.ts';
import { EXPRESSION_FAILED, letterOutput, pushLetter } from '../streams/failed-calls.ts';
import type { Operator, OperatorOutput, OperatorState } from '../streams/operator.ts';
import { type LateEvents, operatorKind } from '../streams/operator-kind.ts';
import { recordsOf, stateOf } from '../streams/operator-state.ts';
import { faultText } from '../streams/selection.ts';
import type { Succession } from '../streams/succession.ts';
import { cardStateSchema, type FraudState, fraudStateSchema } from './card-state.ts';
import { DEFAULT_RULES } from './default-rules.ts';
import { createFraudDetector } from './detector.ts';
import { type AnyFraudSpec, formOf } from './earlier.ts';
import { type CompiledRules, compileRules, type Rule } from './rule-set.ts';
import type { FraudEvents } from './spec.ts';
import {
  caseActedType,
  caseCommandType,
  challengerScoredType,
  fraudLabelType,
  modelChangedType,
  modelCommandType,
  modelOutageType,
  modelRoundType,
  ruleHitType,
  runtimeFoundType,
  sessionClosedType,
  suppressionChangedType,
  suppressionCommandType,
  transactionScoredType,
} from './types.ts';

const KIND = 'fraud';
const FRAUD_SESSION = 'fraud-session';
const stateType = eventType(fraudStateSchema);
const cardType = eventType(cardStateSchema);
/** Cards hold what they were, whatever the rules are now. */
const DEFINITION = '';

export const FRAUD_STREAMS = {
  scores: 'fraud.scores',
  alerts: 'fraud.alerts',
  cases: 'fraud.cases',
  sessions: 'fraud.sessions',
  hits: 'fraud.rule-hits',
  actions: 'fraud.case-actions',
  suppressions: 'fraud.suppressions',
  labels: 'fraud.case-labels',
  models: 'fraud.model-changes',
  challenger: 'fraud.challenger-scores',
  rounds: 'fraud.model-rounds',
  outages: 'fraud.model-outages',
} as const;

export const fraudKind = operatorKind<AnyFraudSpec>(KIND, (name, spec, { inputs: [own], outputs }) => {
  const { behind } = spec;
  const input = behind === undefined ? own : outputs.find(({ stream }) => stream === behind);
  if (input === undefined) throw new Error(`${name} has no stream of transactions`);
  const rules = compileRules(formOf(spec).spec.rules, input.schema);
  const opened = (late: LateEvents, follows?: Succession): Operator =>
    createFraudOperator(name, spec, input, late, { rules, ...(follows === undefined ? {} : { follows }) });
  return {
    actor: FRAUD_SESSION,
    types: opened({ push() {} }).outputs.map(({ stream, type }) => ({ stream, type })),
    open(late, _, before) {
      if (behind === undefined) return opened(late);
      const giving = before?.find((operator) => operator.outputs.some(({ stream }) => stream === behind));
      if (giving?.succession === undefined) throw new Error(`Nothing before ${name} gives ${behind}`);
      return opened(late, giving.succession());
    },
  };
});

/** A rule as a section of the configuration has it. */
interface ConfiguredRule extends Rule {
  readonly stream: string;
  readonly enabled: boolean;
  readonly computed?: Omit<Rule, 'name' | 'score'>;
}

/** Those that a file declares for the stream, whether they run or not; the default ones where it declares none. */
export function declaredRulesOf(
  all: readonly ConfiguredRule[],
  stream: string,
): readonly { readonly written: string; readonly enabled: boolean; readonly rule: Rule }[] {
  const own = all.filter((rule) => rule.stream === stream);
  if (own.length === 0) return DEFAULT_RULES.map((rule) => ({ written: rule.where, enabled: true, rule }));
  return own.map(({ name, score, functions, enabled, computed, ...written }) => {
    const { where, reason, value, norm } = computed ?? written;
    const rule = {
      ...{ name, where, score, reason },
      ...(value === undefined ? {} : { value }),
      ...(norm === undefined ? {} : { norm }),
      ...(functions === undefined ? {} : { functions }),
    };
    return { written: written.where, enabled, rule };
  });
}

/** Those that run. */
export function fraudRulesOf(all: readonly ConfiguredRule[], stream: string): readonly Rule[] {
  return declaredRulesOf(all, stream)
    .filter(({ enabled }) => enabled)
    .map(({ rule }) => rule);
}

export function createFraudOperator(
  name: string,
  spec: AnyFraudSpec,
  { stream, schema }: { readonly stream: string; readonly schema: AvroRecord },
  late: LateEvents,
  { rules, follows }: { readonly rules?: CompiledRules; readonly follows?: Succession } = {},
): Operator {
  const form = formOf(spec);
  const detector = createFraudDetector(form.spec, schema, rules);
  const scores = transactionScoredType.flatWriter();
  const alerts = form.alerts.blockWriter();
  const cases = form.cases.blockWriter();
  const sessions = sessionClosedType.flatWriter();
  const hits = ruleHitType.blockWriter();
  const actions = caseActedType.blockWriter();
  const suppressions = suppressionChangedType.blockWriter();
  const labels = fraudLabelType.blockWriter();
  const models = modelChangedType.blockWriter();
  const challenger = challengerScoredType.flatWriter();
  const rounds = modelRoundType.blockWriter();
  const outages = modelOutageType.blockWriter();
  const letters = deadLetterType.blockWriter();
  let columns: Columns | null = null;
  const out: FraudEvents = {
    scores,
    alerts,
    cases,
    sessions,
    actions,
    suppressions,
    labels,
    models,
    outages,
    challenger,
    late,
    hits: form.isEarlier ? { push() {} } : hits,
    ruleFailed(rule, row, error) {
      const json = jsonOf(columns?.event(row));
      const what = `rule ${rule.name}`;
      pushLetter(letters, name, {
        what,
        stream,
        position: row,
        json,
        error: faultText(error),
        reason: EXPRESSION_FAILED,
      });
    },
  };
  // Logs have had the first four before the results of windows since there are logs, and a replay compares.
  const outputs: OperatorOutput[] = [
    { stream: FRAUD_STREAMS.scores, type: transactionScoredType, events: scores, isFirst: true },
    { stream: FRAUD_STREAMS.alerts, type: form.alerts, events: alerts, isFirst: true },
    { stream: FRAUD_STREAMS.cases, type: form.cases, events: cases, isFirst: true },
    { stream: FRAUD_STREAMS.sessions, type: sessionClosedType, events: sessions, isFirst: true },
    { stream: FRAUD_STREAMS.hits, type: ruleHitType, events: hits },
    { stream: FRAUD_STREAMS.actions, type: caseActedType, events: actions },
    { stream: FRAUD_STREAMS.suppressions, type: suppressionChangedType, events: suppressions },
    { stream: FRAUD_STREAMS.labels, type: fraudLabelType, events: labels },
    { stream: FRAUD_STREAMS.models, type: modelChangedType, events: models },
    { stream: FRAUD_STREAMS.challenger, type: challengerScoredType, events: challenger },
    { stream: FRAUD_STREAMS.rounds, type: modelRoundType, events: rounds },
    { stream: FRAUD_STREAMS.outages, type: modelOutageType, events: outages },
    letterOutput(stream, letters),
  ];
  let watermarkMs = Number.NEGATIVE_INFINITY;
  return {
    name,
    kind: KIND,
    actor: FRAUD_SESSION,
    inputs: [stream],
    ...(follows === undefined ? {} : { follows }),
    outputs,
    heldBackMs: null,
    begin(input) {
      watermarkMs = input.watermarkMs;
      columns = input.columns;
      detector.begin(input.columns);
    },
    add: (row) => detector.add(row, watermarkMs, out),
    advance(toMs) {
      watermarkMs = toMs;
      detector.advance(toMs, out);
    },
    flush: () => detector.flush(out),
    remove() {},
    found() {
      const found = detector.found();
      return found === null ? null : runtimeFoundType.encodeBlock([found]);
    },
    tell(message, atMs) {
      for (const command of message.records(caseCommandType)) detector.act(command, atMs, out);
      for (const command of message.records(suppressionCommandType)) detector.suppress(command, atMs, out);
      for (const command of message.records(modelCommandType)) detector.serve(command, atMs, out);
      for (const found of message.records(runtimeFoundType)) detector.learn(found, atMs, out);
      for (const round of message.records(modelRoundType)) rounds.push(round);
    },
    snapshot: () => stateOf(stateType, DEFINITION, [detector.snapshot()]),
    restore: (state) => detector.restore(stateIn(state)),
    keyCount: detector.cardCount,
  };
}

const EMPTY: FraudState = { cards: [], suppressions: [], models: [], modelCommand: '', lacking: '' };

/** Also of a snapshot that has cards alone. */
function stateIn(state: OperatorState): FraudState {
  const isOfCards =
    state.schema.includes(`"name":"${cardStateSchema.name}"`) && !state.schema.includes(fraudStateSchema.name);
  if (isOfCards) return { ...EMPTY, cards: recordsOf(cardType, DEFINITION, state) };
  const [own = EMPTY] = recordsOf(stateType, DEFINITION, state);
  return own;
}
