/** The windows of a file, against the schemas of their streams. */
import type { AvroRecord } from '../messages/avro.ts';
import { AGGREGATE_NAME } from '../messages/window-result.ts';
import { AGGREGATE_FUNCTIONS, MERGEABLE_AGGREGATES } from '../streams/aggregates.ts';
import type { AggregateConfig, StreamConfig, WindowConfig } from './config.ts';
import { fieldOf, isKey, isNullable, isNumeric, type Report, unknownField, unknownName } from './names.ts';
import type { ConfigFile } from './schema.ts';

type RawWindow = ConfigFile['windows'][string];

/** What every result has beside its aggregates; see the form of `millrace run --output`. */
const RESULT_FIELDS: readonly string[] = ['stream', 'key', 'start', 'end', 'revision', 'at'];
const PLANNED_FUNCTIONS: readonly string[] = ['collect', 'distinct', 'quantile'];

/** Null when its stream does not exist, which makes everything else unknowable. */
export function windowOf(
  name: string,
  raw: RawWindow,
  streams: readonly StreamConfig[],
  report: Report,
): WindowConfig | null {
  const at = ['windows', name];
  const stream = streams.find((candidate) => candidate.name === raw.stream);
  if (stream === undefined) {
    const known = streams.map((candidate) => candidate.name);
    report([...at, 'stream'], unknownName('stream', raw.stream, known));
    return null;
  }
  const key = raw.key === undefined ? stream.key : raw.key;
  checkWindow(at, raw, key, stream, report);
  const aggregates = Object.entries(raw.aggregate).flatMap(([result, text]) => {
    const path = [...at, 'aggregate', result];
    if (RESULT_FIELDS.includes(result)) report(path, `is a field of every result; known: ${RESULT_FIELDS.join(', ')}`);
    if (!AGGREGATE_NAME.test(result)) report(path, 'a result has letters, digits and underscore in its name');
    if (Object.keys(raw.aggregate).some((other) => other !== result && other.toLowerCase() === result.toLowerCase())) {
      report(path, 'differs from another result in case only');
    }
    return aggregateOf(result, text, stream.schema, (message) => report(path, message));
  });
  if (key !== stream.key) {
    for (const { name: result, fn } of aggregates) {
      if (MERGEABLE_AGGREGATES.includes(fn)) continue;
      const path = [...at, 'aggregate', result];
      report(path, `${fn}() of a group that may span partitions has no order; key the window by ${stream.key}`);
    }
  }
  const { tumbling, offset } = raw.window;
  return {
    name,
    stream: raw.stream,
    key,
    window: { kind: 'tumbling', sizeMs: tumbling, offsetMs: offset },
    allowedLatenessMs: raw.allowedLateness,
    aggregates,
  };
}

function checkWindow(at: string[], raw: RawWindow, key: string | null, stream: StreamConfig, report: Report): void {
  const field = key === null ? undefined : fieldOf(stream.schema, key);
  if (raw.key !== undefined && key !== null) {
    if (field === undefined) report([...at, 'key'], unknownField(stream.schema, key));
    else if (!isKey(field)) report([...at, 'key'], `${key} can't be a key: it is neither text nor a whole number`);
  }
  const { tumbling, offset } = raw.window;
  if (tumbling <= 0) report([...at, 'window', 'tumbling'], 'must be longer than 0');
  else if (offset >= tumbling) report([...at, 'window', 'offset'], 'must be shorter than the window');
}

function aggregateOf(
  name: string,
  text: string,
  schema: AvroRecord,
  report: (message: string) => void,
): AggregateConfig[] {
  const [, word, argument = ''] = /^\s*([A-Za-z]+)\s*\(\s*(.*?)\s*\)\s*$/.exec(text) ?? [];
  if (word === undefined) {
    report('must be an aggregate such as count() or sum(field)');
    return [];
  }
  const fn = AGGREGATE_FUNCTIONS.find((candidate) => candidate === word);
  if (fn === undefined) {
    const planned = PLANNED_FUNCTIONS.includes(word);
    report(planned ? `${word}() is not supported yet` : unknownName('aggregate', word, AGGREGATE_FUNCTIONS));
    return [];
  }
  if (fn === 'count') {
    const distinct = /^distinct\b/i.test(argument);
    if (argument !== '') report(distinct ? 'count(distinct …) is not supported yet' : 'count() takes no field');
    return [{ name, fn, field: null }];
  }
  if (argument === '') {
    report(`${fn}() needs a field`);
    return [];
  }
  const field = fieldOf(schema, argument);
  if (field === undefined) report(unknownField(schema, argument));
  else if (isNullable(field)) report(`${argument} may be null; aggregates of such a field are not supported yet`);
  else if (!isNumeric(field)) report(`${argument} is not a number`);
  return field === undefined ? [] : [{ name, fn, field: field.name }];
}
