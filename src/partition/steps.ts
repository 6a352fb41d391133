/** A batch on its way through a partition: what was taken in, decoded, each part with its place in event time. */
import type { OperatorDeletion, OperatorInput } from '../streams/operator.ts';

/** Events in arrival order. */
export interface EventsStep extends OperatorInput {
  readonly kind: 'events';
  /** The watermark after each of them. */
  readonly watermarksMs: Float64Array;
}

/** The watermark moves without an event: scripted, or at the end of input. */
export interface WatermarkStep {
  readonly kind: 'watermark';
  readonly watermarkMs: number;
}

/** All that is open is to be given as it is. */
export interface FlushStep {
  readonly kind: 'flush';
  /** Where the watermark stays. */
  readonly watermarkMs: number;
}

export interface DeletionStep extends OperatorDeletion {
  readonly kind: 'deletion';
  /** The watermark after it. */
  readonly watermarkMs: number;
}

export type Step = EventsStep | WatermarkStep | FlushStep | DeletionStep;

/** Where the watermark stands behind the last of them; -Infinity for none. */
export function watermarkAfter(steps: readonly Step[]): number {
  const last = steps.at(-1);
  if (last === undefined) return Number.NEGATIVE_INFINITY;
  return last.kind === 'events' ? (last.watermarksMs.at(-1) ?? last.watermarkMs) : last.watermarkMs;
}
