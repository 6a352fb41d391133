/**
 * An operator that stands in for the one that computes features. It gives the vectors of a journaled commit, each
 * between the same two movements of the watermark as then. So the operators behind it see the history as it was, and no
 * feature is computed again.
 */
import type { EventType } from '../../messages/codec.ts';
import type { Columns } from '../../messages/columns.ts';
import type { Section } from '../../messages/commit.ts';
import type { OperatorKind, PreparedOperator } from '../../streams/operator-kind.ts';
import { addMark, createMarks, FLUSHED, MOVED, STEP_ENDED } from '../../streams/succession.ts';

export interface JournaledVectors {
  /** The kind that it takes the place of. */
  readonly kind: OperatorKind;
  /** The commit that is folded next. False when its vectors are of another declaration: they have to be computed again. */
  show(sections: readonly Section[], nameOf: (fingerprint: string) => string | undefined): boolean;
}

export function journaledVectors(features: OperatorKind): JournaledVectors {
  let vector: EventType<unknown> | null = null;
  let read: ReturnType<EventType<unknown>['columnReader']> | null = null;
  let columns: Columns | null = null;
  let timesMs: Float64Array = new Float64Array(0);
  let next = 0;
  let timeField = '';

  function open({ kind, name, actor, types: [given] }: PreparedOperator, inputs: readonly string[]) {
    if (given === undefined) throw new Error(`${name} gives no vectors`);
    vector = given.type;
    read = given.type.columnReader();
    const marks = createMarks();
    let reachedMs = Number.NEGATIVE_INFINITY;
    let beforeMs = reachedMs;
    const goTo = (timeMs: number): void => {
      while (next < timesMs.length && timesMs[next]! <= timeMs) next += 1;
    };
    const nothing = {
      length: 0,
      take() {
        marks.count = 0;
        beforeMs = reachedMs;
        columns = null;
        return null;
      },
    };
    return {
      ...{ name, kind, actor, inputs, heldBackMs: 0, add() {}, remove() {} },
      outputs: [{ ...given, events: nothing }],
      begin({ watermarkMs }: { readonly watermarkMs: number }) {
        if (reachedMs > Number.NEGATIVE_INFINITY) return;
        reachedMs = watermarkMs;
        beforeMs = watermarkMs;
      },
      advance(toMs: number) {
        goTo(toMs);
        reachedMs = toMs;
        addMark(marks, MOVED, next, toMs);
      },
      flush() {
        next = timesMs.length;
        addMark(marks, FLUSHED, next, reachedMs);
      },
      endStep() {
        // Late ones were given at once.
        goTo(reachedMs);
        addMark(marks, STEP_ENDED, next, reachedMs);
      },
      succession: () => ({
        stream: given.stream,
        marks,
        watermarkMs: () => beforeMs,
        events: () => (columns === null ? null : { columns, timesMs }),
      }),
      snapshot(): never {
        throw new Error('A backtest keeps no snapshot');
      },
      restore(): never {
        throw new Error('A backtest goes on from no snapshot');
      },
      keyCount: () => 0,
    };
  }

  return {
    kind: {
      kind: features.kind,
      prepare(spec, place) {
        const prepared = features.prepare(spec, place);
        timeField = 'timeField' in spec.spec ? String(spec.spec.timeField) : '';
        const inputs = place.inputs.map(({ stream }) => stream);
        return { ...prepared, open: () => open(prepared, inputs) };
      },
    },
    show(sections, nameOf) {
      next = 0;
      columns = null;
      timesMs = new Float64Array(0);
      const own = sections.find(({ role, fingerprint }) => role === 'derived' && nameOf(fingerprint) === vector?.name);
      if (own === undefined) return true;
      if (own.fingerprint !== vector?.fingerprint || read === null) return false;
      columns = read(own);
      timesMs = columns.numbers(timeField);
      return true;
    },
  };
}
