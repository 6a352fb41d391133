/** A derived stream as an operator: one event, without state, for each that its condition takes. */
import { derivedEventType } from '../messages/derived-event.ts';
import { operatorKind, WINDOW_AGGREGATOR } from './operator-kind.ts';
import { createSelection, type SelectionSpec, selectedFields } from './selection.ts';

const NO_STATE = { definition: '', schema: '"null"', count: 0, bytes: Buffer.from([0]) };

const KIND = 'derived';

export const derivedKind = operatorKind<SelectionSpec>(KIND, (name, spec, { inputs }) => {
  const [input] = inputs;
  if (input === undefined) throw new Error(`${name} is derived from no stream`);
  const derived = derivedEventType(name, selectedFields(spec, input.schema));
  return {
    actor: WINDOW_AGGREGATOR,
    types: [{ stream: name, type: derived.type }],
    open() {
      const selection = createSelection(spec);
      const events = derived.blockWriter();
      return {
        name,
        kind: KIND,
        actor: WINDOW_AGGREGATOR,
        inputs: [input.stream],
        outputs: [{ stream: name, type: derived.type, events }],
        heldBackMs: null,
        begin: ({ columns, timesMs }) => selection.begin(columns, timesMs, events),
        add: (row) => selection.add(row, events),
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
