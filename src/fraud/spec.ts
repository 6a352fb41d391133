/** What the fraud domain is told, and where it puts what it says. */

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

export interface FraudEvents {
  readonly scores: Sink<TransactionScored>;
  readonly sessions: Sink<SessionClosed>;
  readonly alerts: Sink<AlertRaised>;
  readonly cases: Sink<CaseChanged>;
  readonly late: Sink<LateEvent>;
}
