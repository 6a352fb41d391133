/** The event types of the fraud domain, compiled once. */
import { eventType } from '../messages/codec.ts';
import {
  caseActedSchema,
  caseCommandSchema,
  ruleHitSchema,
  suppressionChangedSchema,
  suppressionCommandSchema,
} from './case-schemas.ts';
import {
  challengerScoredSchema,
  modelChangedSchema,
  modelCommandSchema,
  modelOutageSchema,
  modelRoundSchema,
  runtimeFoundSchema,
} from './model-schemas.ts';
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
export const ruleHitType = eventType(ruleHitSchema);
export const caseCommandType = eventType(caseCommandSchema);
export const caseActedType = eventType(caseActedSchema);
export const suppressionCommandType = eventType(suppressionCommandSchema);
export const suppressionChangedType = eventType(suppressionChangedSchema);
export const modelCommandType = eventType(modelCommandSchema);
export const modelChangedType = eventType(modelChangedSchema);
export const modelRoundType = eventType(modelRoundSchema);
export const runtimeFoundType = eventType(runtimeFoundSchema);
export const modelOutageType = eventType(modelOutageSchema);
export const challengerScoredType = eventType(challengerScoredSchema);

export const FRAUD_TYPES = [
  transactionType,
  fraudLabelType,
  transactionScoredType,
  sessionClosedType,
  alertRaisedType,
  caseChangedType,
  ruleHitType,
  caseCommandType,
  caseActedType,
  suppressionCommandType,
  suppressionChangedType,
  modelCommandType,
  modelChangedType,
  modelRoundType,
  challengerScoredType,
  runtimeFoundType,
  modelOutageType,
] as const;
