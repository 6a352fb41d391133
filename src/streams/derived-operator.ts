/** A derived stream as an operator without state: it gives one event for each event that its condition takes. */
import type { Columns } from '../messages/columns.ts';
import { derivedEventType } from '../messages/derived-event.ts';
import { jsonOf } from '../messages/event-json.ts';
import { deadLetterType } from '../messages/types.ts';
import { eventTimes, type TimeField } from './event-times.ts';
import { EXPRESSION_FAILED, letterOutput, pushLetter } from './failed-calls.ts';
import { operatorKind, WINDOW_AGGREGATOR } from './operator-kind.ts';
import {
  createSelection,
  createView,
  isUnnesting,
  type SelectionSpec,
  selectedFields,
  type ViewSpec,
  viewSchema,
} from './selection.ts';

export interface DerivedSpec extends SelectionSpec {
  /** The derived stream that this one reads; absent where it reads a stream of events. */
  readonly of?: ViewSpec;
  /** The output of another operator of the partition that it reads; absent for the events of the partition's own stream. */
  readonly output?: TimeField & { readonly stream: string };
}

const NO_STATE = { definition: '', schema: '"null"', count: 0, bytes: Buffer.from([0]) };

const KIND = 'derived';

export const derivedKind = operatorKind<DerivedSpec>(KIND, (name, spec, { inputs, outputs }) => {
  const { of, output } = spec;
  const input = output === undefined ? inputs[0] : outputs.find(({ stream }) => stream === output.stream);
  if (input === undefined) throw new Error(`${name} is derived from ${output?.stream ?? 'no stream'}`);
  const { stream } = input;
  const schema = of === undefined ? input.schema : viewSchema(of);
  const derived = derivedEventType(name, selectedFields(spec, schema));
  const heldBackMs = isUnnesting(spec, schema) ? 0 : null;
  return {
    actor: WINDOW_AGGREGATOR,
    types: [{ stream: name, type: derived.type }],
    open() {
      const selection = createSelection(spec, schema);
      const view = of === undefined ? null : createView(of);
      const events = derived.blockWriter();
      const letters = deadLetterType.blockWriter();
      let rows: Columns | null = null;
      const timesOf = (columns: Columns, timesMs: Float64Array): Float64Array =>
        output === undefined ? timesMs : eventTimes(columns, output);
      return {
        name,
        kind: KIND,
        actor: WINDOW_AGGREGATOR,
        inputs: [stream],
        outputs: [
          { stream: name, type: derived.type, events },
          ...(selection.mayFail ? [letterOutput(stream, letters)] : []),
        ],
        heldBackMs,
        begin(read) {
          const timesMs = timesOf(read.columns, read.timesMs);
          const columns = view === null ? read.columns : view.begin(read.columns, timesMs);
          rows = columns;
          selection.begin(columns, timesMs, events, view);
        },
        add(row) {
          const fault = selection.add(row, events);
          if (fault === null) return;
          const json = jsonOf(rows?.event(row));
          pushLetter(letters, name, {
            what: name,
            stream,
            position: row,
            json,
            error: fault,
            reason: EXPRESSION_FAILED,
          });
        },
        advance() {},
        flush() {},
        remove() {},
        snapshot: () => NO_STATE,
        restore() {},
        keyCount: () => 0,
      };
    },
  };
});
