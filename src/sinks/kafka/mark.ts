/**
 * The mark of a sink in Kafka: the offset up to which it has sent each log of the journal. The mark is written in the
 * transaction of the records, so the two always agree.
 */
import { logName, logPlace } from '../../messages/log-name.ts';
import type { SinkEvent } from '../sink.ts';

export interface SinkMark {
  /** The number of the data directory whose journal it speaks of. */
  readonly owner: number;
  /** The process that wrote it. */
  readonly run: string;
  /** By log: all below it is in the topic, or is not to be there. */
  readonly next: ReadonlyMap<string, number>;
}

const VERSION = 'millrace-sink/1';
const RADIX = 36;

/** `millrace-sink/1 OWNER RUN STREAM:NEXT,NEXT;STREAM:…`, where each NEXT is of the partition at its place. */
export function markText({ owner, run, next }: SinkMark): string {
  const streams = new Map<string, string[]>();
  for (const [log, offset] of next) {
    const place = logPlace(log);
    if (place === null) throw new Error(`${log} is no log`);
    const offsets = streams.get(place.stream) ?? [];
    while (offsets.length < place.partition) offsets.push('');
    offsets[place.partition] = offset.toString(RADIX);
    streams.set(place.stream, offsets);
  }
  return [
    VERSION,
    owner,
    run,
    [...streams].map(([stream, offsets]) => `${stream}:${offsets.join(',')}`).join(';'),
  ].join(' ');
}

/** Null for a text of another form. */
export function markOfText(text: string): SinkMark | null {
  const found = /^millrace-sink\/1 (\d+) (\S+) (\S*)$/.exec(text);
  const [, owner = '', run = '', streams = ''] = found ?? [];
  if (found === null) return null;
  const next = new Map<string, number>();
  for (const stream of streams.split(';').filter((each) => each !== '')) {
    const [name = '', offsets = ''] = stream.split(':');
    for (const [partition, offset] of offsets.split(',').entries()) {
      if (offset !== '') next.set(logName(name, partition), Number.parseInt(offset, RADIX));
    }
  }
  return { owner: Number(owner), run, next };
}

/** Whether the mark has an event. What is sent out of its turn it knows nothing of. */
export function isBehind(next: SinkMark['next'], { log, offset, isOutOfTurn }: SinkEvent): boolean {
  return isOutOfTurn !== true && offset < (next.get(log) ?? 0);
}

/** The mark's positions once the events are in the topic. */
export function after(next: SinkMark['next'], events: readonly SinkEvent[]): ReadonlyMap<string, number> {
  const moved = new Map(next);
  for (const { log, offset, isOutOfTurn } of events) {
    if (isOutOfTurn !== true) moved.set(log, Math.max(moved.get(log) ?? 0, offset + 1));
  }
  return moved;
}

/** A log of which the mark has more than the journal: then the journal is an older copy. Null when there is none. */
export function beyond(next: SinkMark['next'], ends: ReadonlyMap<string, number>): string | null {
  for (const [log, offset] of next) if (offset > (ends.get(log) ?? Number.POSITIVE_INFINITY)) return log;
  return null;
}
