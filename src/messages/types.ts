/** The event types of the engine itself, compiled once. */

import { checkRanSchema, serviceAlertSchema } from './check-facts.ts';
import { eventType, eventTypeOf } from './codec.ts';
import { forgottenSchema } from './forgotten.ts';
import { backfillChangedSchema, jobPausedSchema, stepChangedSchema } from './job-events.ts';
import { leftBehindSchema } from './left-behind.ts';
import { actorChangedSchema, alertDeliverySchema, commandAskedSchema, runChangedSchema } from './operations.ts';
import { operationsSnapshotSchema } from './operations-snapshot.ts';
import { querySavedSchema } from './query-facts.ts';
import { sinkDeliverySchema, sinkPositionsSchema } from './sink-facts.ts';
import {
  callCutOffSchema,
  deadLetterReplayedSchema,
  deadLetterSchema,
  exchangedBlockSchema,
  filePositionSchema,
  flushSchema,
  forwardedBlockSchema,
  lateEventSchema,
  operatorMessageSchema,
  repeatedEventsSchema,
  requestTakenSchema,
  sourceControlSchema,
  type Tombstone,
  tombstoneSchema,
  topicPositionSchema,
} from './streams.ts';
import { tablePublishedSchema } from './table-facts.ts';
import { tablePositionSchema } from './table-position.ts';
import { type WindowParts, windowPartsSchema } from './window-parts.ts';

export const lateEventType = eventType(lateEventSchema);
export const deadLetterType = eventType(deadLetterSchema);
export const deadLetterReplayedType = eventType(deadLetterReplayedSchema);
export const sourceControlType = eventType(sourceControlSchema);
export const filePositionType = eventType(filePositionSchema);
export const topicPositionType = eventType(topicPositionSchema);
export const tablePositionType = eventType(tablePositionSchema);
export const forgottenType = eventType(forgottenSchema);
export const leftBehindType = eventType(leftBehindSchema);
export const flushType = eventType(flushSchema);
export const callCutOffType = eventType(callCutOffSchema);
export const repeatedEventsType = eventType(repeatedEventsSchema);
export const operatorMessageType = eventType(operatorMessageSchema);
export const tombstoneType = eventTypeOf<Tombstone>(tombstoneSchema);
export const requestTakenType = eventType(requestTakenSchema);
export const forwardedBlockType = eventType(forwardedBlockSchema);
export const exchangedBlockType = eventType(exchangedBlockSchema);
export const windowPartsType = eventTypeOf<WindowParts>(windowPartsSchema);
export const runChangedType = eventType(runChangedSchema);
export const tablePublishedType = eventType(tablePublishedSchema);
export const stepChangedType = eventType(stepChangedSchema);
export const jobPausedType = eventType(jobPausedSchema);
export const backfillChangedType = eventType(backfillChangedSchema);
export const actorChangedType = eventType(actorChangedSchema);
export const commandAskedType = eventType(commandAskedSchema);
export const querySavedType = eventType(querySavedSchema);
export const alertDeliveryType = eventType(alertDeliverySchema);
export const sinkPositionsType = eventType(sinkPositionsSchema);
export const sinkDeliveryType = eventType(sinkDeliverySchema);
export const operationsSnapshotType = eventType(operationsSnapshotSchema);
export const checkRanType = eventType(checkRanSchema);
export const serviceAlertType = eventType(serviceAlertSchema);

export const ENGINE_TYPES = [
  lateEventType,
  deadLetterType,
  deadLetterReplayedType,
  sourceControlType,
  flushType,
  leftBehindType,
  filePositionType,
  topicPositionType,
  tablePositionType,
  forgottenType,
  tombstoneType,
  requestTakenType,
  forwardedBlockType,
  exchangedBlockType,
  runChangedType,
  commandAskedType,
  querySavedType,
  stepChangedType,
  jobPausedType,
  backfillChangedType,
  actorChangedType,
  alertDeliveryType,
  sinkPositionsType,
  sinkDeliveryType,
  callCutOffType,
  repeatedEventsType,
  operatorMessageType,
  windowPartsType,
  tablePublishedType,
  operationsSnapshotType,
  checkRanType,
  serviceAlertType,
] as const;
