/** The derived streams of a file, against the schemas of their streams. */
import { AGGREGATE_NAME } from '../messages/window-result.ts';
import type { DerivedConfig, StreamConfig } from './config.ts';
import { checkCondition, checkValue } from './expressions.ts';
import { type Report, unknownName } from './names.ts';
import type { ConfigFile } from './schema.ts';

/** What every derived event has beside its fields; see the form of `millrace run --output`. */
const EVENT_FIELDS: readonly string[] = ['stream', 'ts'];

/** Null when its stream does not exist, which makes everything else unknowable. */
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
  if (raw.where !== null) checkCondition(raw.where, schema, (message) => report([...at, 'where'], message));
  const fields = Object.entries(raw.select).map(([field, expression]) => {
    const path = [...at, 'select', field];
    if (EVENT_FIELDS.includes(field)) report(path, `is a field of every event; known: ${EVENT_FIELDS.join(', ')}`);
    if (!AGGREGATE_NAME.test(field)) report(path, 'a field has letters, digits and underscore in its name');
    checkValue(expression, schema, (message) => report(path, message));
    return { name: field, expression };
  });
  return { name, stream: raw.stream, where: raw.where, fields };
}
