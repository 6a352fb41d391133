/** Every built-in event type, compiled once. */
import { type DynamicEvent, type EventType, eventType } from './codec.ts';
import { actorChangedSchema, alertDeliverySchema, runChangedSchema, weatherObservationSchema } from './operations.ts';
import {
  alertRaisedSchema,
  caseChangedSchema,
  fraudLabelSchema,
  sessionClosedSchema,
  transactionSchema,
  transactionScoredSchema,
} from './payments.ts';
import { sinkDeliverySchema, sinkPositionsSchema } from './sink-facts.ts';
import {
  deadLetterReplayedSchema,
  deadLetterSchema,
  exchangedBlockSchema,
  filePositionSchema,
  flushSchema,
  forwardedBlockSchema,
  lateEventSchema,
  requestTakenSchema,
  sourceControlSchema,
  tombstoneSchema,
} from './streams.ts';

export const transactionType = eventType(transactionSchema);
export const fraudLabelType = eventType(fraudLabelSchema);
export const transactionScoredType = eventType(transactionScoredSchema);
export const sessionClosedType = eventType(sessionClosedSchema);
export const alertRaisedType = eventType(alertRaisedSchema);
export const caseChangedType = eventType(caseChangedSchema);
export const lateEventType = eventType(lateEventSchema);
export const deadLetterType = eventType(deadLetterSchema);
export const deadLetterReplayedType = eventType(deadLetterReplayedSchema);
export const sourceControlType = eventType(sourceControlSchema);
export const filePositionType = eventType(filePositionSchema);
export const flushType = eventType(flushSchema);
export const tombstoneType = eventType(tombstoneSchema);
export const requestTakenType = eventType(requestTakenSchema);
export const forwardedBlockType = eventType(forwardedBlockSchema);
export const exchangedBlockType = eventType(exchangedBlockSchema);
export const runChangedType = eventType(runChangedSchema);
export const actorChangedType = eventType(actorChangedSchema);
export const alertDeliveryType = eventType(alertDeliverySchema);
export const sinkPositionsType = eventType(sinkPositionsSchema);
export const sinkDeliveryType = eventType(sinkDeliverySchema);
export const weatherObservationType = eventType(weatherObservationSchema);

/** All types that a log may hold; a pipeline file may name some of them as `builtin:`. */
export const BUILTIN_TYPES = [
  transactionType,
  fraudLabelType,
  transactionScoredType,
  sessionClosedType,
  alertRaisedType,
  caseChangedType,
  lateEventType,
  deadLetterType,
  deadLetterReplayedType,
  sourceControlType,
  flushType,
  filePositionType,
  tombstoneType,
  requestTakenType,
  forwardedBlockType,
  exchangedBlockType,
  runChangedType,
  actorChangedType,
  alertDeliveryType,
  sinkPositionsType,
  sinkDeliveryType,
  weatherObservationType,
] as const;

const BY_NAME = new Map<string, EventType<DynamicEvent>>(BUILTIN_TYPES.map((type) => [type.name, type]));

/** The built-in type of this full name. */
export function builtinType(name: string): EventType<DynamicEvent> | undefined {
  return BY_NAME.get(name);
}
