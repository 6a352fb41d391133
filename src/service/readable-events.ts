/**
 * Whether the events of a stream's logs can be read by the stream's schema of today. A start with a schema that can't read
 * them is refused.
 */
import { ConfigError } from '../config/config-error.ts';
import type { StreamConfig } from '../config/sections/streams.ts';
import type { Journal } from '../journal/journal.ts';
import type { DynamicEvent, EventType } from '../messages/codec.ts';
import { logNamesOf } from '../messages/log-name.ts';
import type { Registry } from '../messages/registry.ts';

/** Has to run before the schema is kept with the data: a schema that wrote no event must not block the next one. */
export async function requireReadable(
  journal: Journal,
  registry: Registry,
  { name, partitions, schemaFile }: StreamConfig,
  eventType: EventType<DynamicEvent>,
): Promise<void> {
  const problem = registry.problemReading(eventType);
  if (problem === null) return;
  let events = 0;
  for (const log of logNamesOf(name, partitions)) events += (await journal.openLog(log)).nextOffset();
  if (events === 0) return;
  await journal.close();
  const message = `events in the journal can't be read by it: ${problem}`;
  const path = `streams.${name}.schema`;
  throw new ConfigError([{ file: schemaFile ?? name, line: null, column: null, path, message }]);
}
