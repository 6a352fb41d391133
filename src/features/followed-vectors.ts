/** Vectors for the operator that follows them in the same partition; without such an operator nothing is kept. */
import type { DynamicEvent, EventType } from '../messages/codec.ts';
import type { OperatorOutput } from '../streams/operator.ts';
import { addMark, createMarks, FLUSHED, MOVED, STEP_ENDED, type Succession } from '../streams/succession.ts';
import type { FeatureStage } from './feature-spec.ts';
import type { VectorWriter } from './vector-writer.ts';

interface Followed {
  /** What the partition takes of the writer, once a batch. */
  readonly output: OperatorOutput['events'];
  succession(): Succession;
  /** Where the watermark stands at the first batch. */
  began(watermarkMs: number): void;
  moved(watermarkMs: number): void;
  flushed(): void;
  endStep(): void;
}

export function createFollowed(
  stream: string,
  { timeField }: FeatureStage,
  vector: EventType<DynamicEvent>,
  writer: VectorWriter,
): Followed {
  const marks = createMarks();
  let read: ReturnType<typeof vector.columnReader> | null = null;
  let reachedMs = Number.NEGATIVE_INFINITY;
  let beforeMs = reachedMs;
  const mark = (kind: number): void => {
    if (read !== null) addMark(marks, kind, writer.count(), reachedMs);
  };
  return {
    output: {
      take() {
        marks.count = 0;
        beforeMs = reachedMs;
        return writer.take();
      },
    },
    succession() {
      const reader = vector.columnReader();
      read = reader;
      return {
        stream,
        marks,
        watermarkMs: () => beforeMs,
        events() {
          const block = writer.peek();
          if (block === null) return null;
          const columns = reader(block);
          return { columns, timesMs: columns.numbers(timeField) };
        },
      };
    },
    began(watermarkMs) {
      if (reachedMs > Number.NEGATIVE_INFINITY) return;
      reachedMs = watermarkMs;
      beforeMs = watermarkMs;
    },
    moved(watermarkMs) {
      reachedMs = watermarkMs;
      mark(MOVED);
    },
    flushed: () => mark(FLUSHED),
    endStep: () => mark(STEP_ENDED),
  };
}
