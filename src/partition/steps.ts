/** A decoded batch on its way through a partition, in steps, each with its place in event time. */
import type { CallCutOff } from '../messages/streams.ts';
import type { WindowPart } from '../messages/window-parts.ts';
import type { OperatorDeletion, OperatorInput, OperatorMessage } from '../streams/operator.ts';

/** Events in arrival order. */
export interface EventsStep extends OperatorInput {
  readonly kind: 'events';
  /** The watermark after each event. */
  readonly watermarksMs: Float64Array;
  /** The one operator that the events are for; absent where they are for all operators. */
  readonly only?: string;
}

/** The watermark moves without an event: scripted, or at the end of input. */
export interface WatermarkStep {
  readonly kind: 'watermark';
  readonly watermarkMs: number;
  /** OperatorInput's `completeMs` after this step; absent where all is complete. */
  readonly completeMs?: number;
}

/** Everything open is to be given as it is. */
export interface FlushStep {
  readonly kind: 'flush';
  /** The watermark, which does not move. */
  readonly watermarkMs: number;
  readonly completeMs?: number;
}

export interface DeletionStep extends OperatorDeletion {
  readonly kind: 'deletion';
  /** The watermark after it. */
  readonly watermarkMs: number;
  readonly completeMs?: number;
}

/** Sums of events that are in time, for operators that take sums in place of events. */
export interface PartsStep {
  readonly kind: 'parts';
  readonly parts: readonly WindowPart[];
  /** The watermark, which does not move. */
  readonly watermarkMs: number;
}

/** A call of an operator's code that is not to be made again. */
export interface CutOffStep {
  readonly kind: 'cutOff';
  readonly call: CallCutOff;
  /** The watermark, which does not move. */
  readonly watermarkMs: number;
}

/** A message for one operator; no time passes. */
export interface MessageStep {
  readonly kind: 'message';
  readonly operator: string;
  readonly message: OperatorMessage;
  /** The watermark, which does not move. */
  readonly watermarkMs: number;
}

export type Step = EventsStep | PartsStep | WatermarkStep | FlushStep | DeletionStep | CutOffStep | MessageStep;

/** The watermark after the last step; -Infinity without steps. */
export function watermarkAfter(steps: readonly Step[]): number {
  const last = steps.at(-1);
  if (last === undefined) return Number.NEGATIVE_INFINITY;
  return last.kind === 'events' ? (last.watermarksMs.at(-1) ?? last.watermarkMs) : last.watermarkMs;
}
