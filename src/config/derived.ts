/** The derived streams of a file, against the schemas of their streams. */
import { DERIVED_TIME, derivedSchema } from '../messages/derived-event.ts';
import { AGGREGATE_NAME } from '../messages/window-result.ts';
import { selectedFields } from '../streams/selection.ts';
import type { DerivedConfig, Relation, StreamConfig } from './config.ts';
import { checkCondition, checkValue } from './expressions.ts';
import { type Report, unknownName } from './names.ts';
import type { ConfigFile } from './schema.ts';

/** What every derived event has beside its fields; see the form of `millrace run --output`. */
const EVENT_FIELDS: readonly string[] = ['stream', DERIVED_TIME];

/** Null when its stream does not exist, or when its events can't be made of that one's. */
export function derivedOf(
  name: string,
  raw: ConfigFile['derived'][string],
  streams: readonly StreamConfig[],
  report: Report,
): DerivedConfig | null {
  const at = ['derived', name];
  const stream = streams.find((candidate) => candidate.name === raw.stream);
  if (stream === undefined) {
    const known = streams.map((candidate) => candidate.name);
    report([...at, 'stream'], unknownName('stream', raw.stream, known));
    return null;
  }
  const { schema } = stream;
  let isSound = true;
  const wrong: Report = (path, message) => {
    isSound = false;
    report(path, message);
  };
  if (raw.where !== null) checkCondition(raw.where, schema, (message) => wrong([...at, 'where'], message));
  const fields = Object.entries(raw.select).map(([field, expression]) => {
    const path = [...at, 'select', field];
    if (EVENT_FIELDS.includes(field)) wrong(path, `is a field of every event; known: ${EVENT_FIELDS.join(', ')}`);
    if (!AGGREGATE_NAME.test(field)) wrong(path, 'a field has letters, digits and underscore in its name');
    checkValue(expression, schema, (message) => wrong(path, message));
    return { name: field, expression };
  });
  return isSound ? { name, stream: raw.stream, where: raw.where, fields } : null;
}

/** A derived stream as what windows and joins are of; null when its stream does not exist. Its events have no log of their own. */
export function derivedRelation(
  { name, stream, where, fields }: DerivedConfig,
  streams: readonly Relation[],
): Relation | null {
  const of = streams.find((candidate) => candidate.name === stream);
  if (of === undefined) return null;
  const selection = { name, where, fields };
  return {
    name,
    schema: derivedSchema(name, selectedFields(selection, of.schema)),
    key: fields.find(({ expression }) => expression.trim() === of.key)?.name ?? null,
    eventTime: DERIVED_TIME,
    partitions: of.partitions,
    watermark: of.watermark,
    view: { of, selection },
  };
}
