/**
 * The results of a window as an Avro record for others: key, times and results side by side, as in its JSON. In the journal the
 * results are a record of their own within, so that a statement may call one of them `start`.
 */
import { type AvroField, type AvroRecord, NAMESPACE, TIMESTAMP_MILLIS } from './avro.ts';
import { dynamicEventType, type EventSchema } from './codec.ts';
import { escapedName } from './escaped-name.ts';
import type { WindowResult, WindowResultType } from './window-result.ts';

export interface ResultForm extends EventSchema {
  encode(result: WindowResult): Buffer;
}

const forms = new WeakMap<WindowResultType, ResultForm>();

export function resultForm(window: WindowResultType): ResultForm {
  const known = forms.get(window);
  if (known !== undefined) return known;
  const type = dynamicEventType(resultSchema(window));
  const { name, fingerprint, schema, json } = type;
  const form: ResultForm = {
    ...{ name, fingerprint, schema, json },
    encode: ({ aggregates, parts, count: _, ...result }) =>
      type.encode({ ...result, ...aggregates, ...(parts === undefined ? {} : { key: parts }) }),
  };
  forms.set(window, form);
  return form;
}

function resultSchema({ window, aggregates, parts, isView }: WindowResultType): AvroRecord {
  const name = escapedName(window);
  const key: AvroField =
    parts.length === 0
      ? { name: 'key', type: ['null', 'string'] }
      : { name: 'key', type: { type: 'record', name: `${name}_key`, fields: parts } };
  const revision: AvroField = { name: 'revision', type: 'int' };
  const at: AvroField = { name: 'at', type: TIMESTAMP_MILLIS };
  const times: readonly AvroField[] = [
    { name: 'start', type: TIMESTAMP_MILLIS },
    { name: 'end', type: TIMESTAMP_MILLIS },
  ];
  const fields = isView ? [...aggregates, revision, at] : [key, ...times, revision, at, ...aggregates];
  return { type: 'record', name, namespace: `${NAMESPACE}.results`, fields };
}
