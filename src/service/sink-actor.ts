/** The name of a sink in the tree of actors: a sink of alerts alone is an alerter. */
import type { SinkConfig } from '../config/sections/sinks.ts';
import { ALERTS } from '../tables.ts';

export function sinkKind({ from }: SinkConfig): 'alerter' | 'sink' {
  return from.every((stream) => stream === ALERTS) ? 'alerter' : 'sink';
}

export function sinkActor(sink: SinkConfig): string {
  return `${sinkKind(sink)}-${sink.name}`;
}
