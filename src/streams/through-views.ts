/** An operator that takes streams which its partition has under other names, or has to make of others first. */
import type { Operator } from './operator.ts';
import { createView, type View, type ViewSpec } from './selection.ts';

/** By stream, as the operator calls it; those that are not here are taken as they are. */
type Readings = Readonly<Record<string, { readonly input: string; readonly of?: ViewSpec }>>;

interface Seen {
  readonly stream: string;
  readonly view: View | null;
}

export function throughViews(operator: Operator, readings: Readings): Operator {
  const seen = new Map<string, Seen>(
    Object.entries(readings).map(([stream, { input, of }]) => {
      return [input, { stream, view: of === undefined ? null : createView(of) }] as const;
    }),
  );
  if (seen.size === 0) return operator;
  let view: View | null = null;
  return {
    ...operator,
    inputs: operator.inputs.map((stream) => readings[stream]?.input ?? stream),
    begin(input) {
      const { stream, view: own } = seen.get(input.stream) ?? { stream: input.stream, view: null };
      view = own;
      const columns = own === null ? input.columns : own.begin(input.columns, input.timesMs);
      operator.begin({ ...input, stream, columns });
    },
    add(row) {
      if (view === null || view.takes(row)) operator.add(row);
    },
    remove(deletion) {
      operator.remove({ ...deletion, stream: seen.get(deletion.stream)?.stream ?? deletion.stream });
    },
  };
}
