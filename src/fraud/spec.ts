/** What the fraud domain is told, and where it puts what it says. */
import type { FlatWriter } from '../messages/flat-writer.ts';
import type { LateEvent } from '../messages/streams.ts';
import type { RuleLimits } from './rules.ts';
import type { AlertRaised, CaseChanged, SessionClosed, TransactionScored } from './schemas.ts';

export interface FraudSpec {
  readonly sessionGapMs: number;
  readonly rules: RuleLimits;
  /** A case without a hit for so long, in event time, expires. */
  readonly caseQuietMs: number;
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
  readonly late: Sink<LateEvent>;
}
