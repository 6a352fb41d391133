/**
 * Drives any operator over a batch, in one plain loop. It goes event by event, so that results do not depend on how the
 * input was cut into batches.
 */
import type { Operator } from '../streams/operator.ts';
import { FLUSHED, MOVED, type Succession } from '../streams/succession.ts';
import type { EventsStep, Step } from './steps.ts';

/**
 * Throws what the operator throws. Where the operator follows another, that other one has been driven over the same steps
 * before.
 */
export function drive(operator: Operator, steps: readonly Step[]): void {
  if (operator.follows !== undefined) {
    driveBehind(operator, operator.follows, steps);
    return;
  }
  for (const step of steps) {
    driveStep(operator, step);
    operator.endStep?.();
  }
}

function driveStep(operator: Operator, step: Step): void {
  switch (step.kind) {
    case 'events':
      if (step.only !== undefined && step.only !== operator.name) break;
      if (operator.inputs.includes(step.stream)) driveEvents(operator, step);
      else passBy(operator, step);
      break;
    case 'flush':
      operator.complete?.(step.completeMs ?? Number.POSITIVE_INFINITY);
      operator.flush();
      break;
    case 'parts':
      operator.merge?.(step.parts);
      break;
    case 'deletion':
      operator.remove(step);
      operator.complete?.(step.completeMs ?? Number.POSITIVE_INFINITY);
      operator.advance(step.watermarkMs);
      break;
    case 'cutOff':
      if (step.call.operator === operator.name) operator.cutOff?.(step.call);
      break;
    case 'message':
      if (step.operator === operator.name) operator.tell?.(step.message, step.watermarkMs);
      break;
    case 'watermark':
      operator.complete?.(step.completeMs ?? Number.POSITIVE_INFINITY);
      operator.advance(step.watermarkMs);
      break;
  }
}

/** Drives an operator over the events of another one and the marks between them, step by step as the first one had them. */
function driveBehind(operator: Operator, follows: Succession, steps: readonly Step[]): void {
  const { stream, marks } = follows;
  const events = follows.events();
  if (events !== null) operator.begin({ stream, ...events, watermarkMs: follows.watermarkMs(), at: null });
  let row = 0;
  let mark = 0;
  for (const step of steps) {
    if (step.kind === 'message' || step.kind === 'cutOff') driveStep(operator, step);
    for (let isOver = false; !isOver && mark < marks.count; mark++) {
      while (row < marks.rows[mark]!) operator.add(row++);
      if (marks.kinds[mark] === MOVED) operator.advance(marks.watermarksMs[mark]!);
      else if (marks.kinds[mark] === FLUSHED) operator.flush();
      else isOver = true;
    }
  }
}

function driveEvents(operator: Operator, step: EventsStep): void {
  const { watermarksMs } = step;
  const { count } = step.columns;
  let { watermarkMs } = step;
  operator.begin(step);
  for (let row = 0; row < count; row++) {
    operator.add(row);
    const afterMs = watermarksMs[row]!;
    if (afterMs === watermarkMs) continue;
    watermarkMs = afterMs;
    operator.advance(afterMs);
  }
}

/** Events of a stream that the operator does not take still move its time. */
function passBy(operator: Operator, { watermarksMs, watermarkMs: beforeMs }: EventsStep): void {
  let watermarkMs = beforeMs;
  for (const afterMs of watermarksMs) {
    if (afterMs === watermarkMs) continue;
    watermarkMs = afterMs;
    operator.advance(afterMs);
  }
}
