/**
 * Dead letters of one operator. Everything else has taken their events. So a replay gives each event to that operator
 * alone, in the partition where the operator failed.
 */
import { STANDARD_FORMAT } from '../messages/stream-format.ts';
import type { DeadLetter } from '../messages/streams.ts';
import { repeatedEventsType } from '../messages/types.ts';
import type { Row } from '../projections/store.ts';
import type { ServiceCore } from '../service.ts';
import type { Intake } from '../sources/source.ts';
import { type Reread, reread } from '../workers/reread.ts';

/** The reason in these dead letters. */
export const OPERATOR_FAILED = 'operator-failed';

export type Repeated =
  | (Extract<Reread, { readonly kind: 'event' }> & { readonly intake: Intake })
  | Extract<Reread, { readonly kind: 'refused' }>;

export function repeatFor({ pipeline, config }: ServiceCore, row: Row): Repeated {
  const operator = String(row.source);
  const refused = (detail: string): Repeated => ({ kind: 'refused', detail });
  if (config.operators.every(({ name }) => name !== operator)) return refused(`there is no operator ${operator} now`);
  const running = [...pipeline.streams.values(), ...pipeline.exchanges.map(({ stream }) => stream)];
  const own = running.find(({ units }) => units.some(({ log }) => log.name === row.log));
  const of = pipeline.streams.get(String(row.stream));
  if (own === undefined || of?.config == null) return refused(`${row.log} takes no events of ${row.stream} now`);
  if (String(row.detail).startsWith('the timer at ')) return refused('it was a timer, which no event sets again');
  const read = reread(letterOf(row), {
    name: of.name,
    schema: of.eventType.schema,
    keyField: of.config.key,
    // As the partition wrote it, whatever the source's form is.
    format: STANDARD_FORMAT,
    partitions: of.units.length,
  });
  if (read.kind === 'refused') return read;
  const events = read.blocks.filter(({ fingerprint }) => fingerprint === of.eventType.fingerprint);
  const blocks = events.map(({ fingerprint, count, bytes }) => {
    const block = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return repeatedEventsType.encodeBlock([{ operator, stream: of.name, fingerprint, count, block }]);
  });
  const partition = own.units.findIndex(({ log }) => log.name === row.log);
  return { kind: 'event', partition, blocks, intake: own.intake };
}

export function letterOf(
  row: Row,
): Pick<DeadLetter, 'source' | 'position' | 'raw' | 'rawLength' | 'format' | 'context'> {
  return {
    source: String(row.source),
    position: Number(row.position),
    raw: Buffer.from(String(row.raw_hex), 'hex'),
    rawLength: Number(row.raw_length),
    format: String(row.format),
    context: String(row.context),
  };
}
