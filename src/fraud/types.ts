/** The event types of the fraud domain, compiled once. */
import { eventType } from '../messages/codec.ts';
import {
  alertRaisedSchema,
  caseChangedSchema,
  fraudLabelSchema,
  sessionClosedSchema,
  transactionSchema,
  transactionScoredSchema,
} from './schemas.ts';

export const transactionType = eventType(transactionSchema);
export const fraudLabelType = eventType(fraudLabelSchema);
export const transactionScoredType = eventType(transactionScoredSchema);
export const sessionClosedType = eventType(sessionClosedSchema);
export const alertRaisedType = eventType(alertRaisedSchema);
export const caseChangedType = eventType(caseChangedSchema);

export const FRAUD_TYPES = [
  transactionType,
  fraudLabelType,
  transactionScoredType,
  sessionClosedType,
  alertRaisedType,
  caseChangedType,
] as const;
