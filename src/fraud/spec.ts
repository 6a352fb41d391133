/** The settings of the fraud domain, and the receivers of its events. */
import type { FlatWriter } from '../messages/flat-writer.ts';
import type { LateEvent } from '../messages/streams.ts';
import type { SqlError } from '../sql/value.ts';
import type { CaseActed, RuleHit, SuppressionChanged } from './case-schemas.ts';
import type { ChallengerScored, ModelChanged, ModelOutage } from './model-schemas.ts';
import type { Rule } from './rule-set.ts';
import type { AlertRaised, CaseChanged, FraudLabel, SessionClosed, TransactionScored } from './schemas.ts';

export interface FraudSpec {
  readonly sessionGapMs: number;
  /** At most RULES_MAX. */
  readonly rules: readonly Rule[];
  /** A case without a hit or an action for so long, in event time, expires. */
  readonly caseQuietMs: number;
  /**
   * Hits of rules that score lower together are recorded and raise nothing, and so does a lower score of the model. Absent
   * where any hit does, and the model has its own threshold.
   */
  readonly threshold?: number;
  /** The operator of this stream stands before it, and gives transactions with their features; absent where none does. */
  readonly behind?: string;
  /** A backtest: transactions before it are neither scored nor judged; sessions and norms learn of them. Epoch ms. */
  readonly judgedFromMs?: number;
  /** A backtest: this model is the champion, whatever the log says. */
  readonly model?: { readonly threshold: number; readonly content: string };
}

/** Takes events one by one. */
interface Sink<T> {
  push(event: T): unknown;
}

/** Of scores and sessions there is one for nearly each transaction. */
export interface FraudEvents {
  readonly scores: FlatWriter<TransactionScored>;
  readonly sessions: FlatWriter<SessionClosed>;
  readonly alerts: Sink<AlertRaised>;
  readonly cases: Sink<CaseChanged>;
  readonly hits: Sink<RuleHit>;
  readonly actions: Sink<CaseActed>;
  readonly suppressions: Sink<SuppressionChanged>;
  /** What analysts made of cases. */
  readonly labels: Sink<FraudLabel>;
  readonly models: Sink<ModelChanged>;
  readonly outages: Sink<ModelOutage>;
  readonly challenger: FlatWriter<ChallengerScored>;
  readonly late: Sink<LateEvent>;
  /** The condition of a rule failed on a row. */
  ruleFailed(rule: Rule, row: number, error: SqlError): void;
}
