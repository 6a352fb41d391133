/** Names of the streams that a pipeline derives, as its output, `--only` and tests call them. */
import type { Config } from '../config/config.ts';
import { nearestWord } from '../keys/suggest.ts';
import { TABLES } from '../tables.ts';

/** Streams that are built in: those of tables whose events are lines of the output. */
const BUILTIN_STREAMS: readonly string[] = TABLES.flatMap(({ output }) => output?.stream ?? []);

/** Every name that a line of the output can have. */
export function outputNames({ windows, joins, derived, streams, fraud }: Config): string[] {
  const firing = [...windows, ...joins].flatMap(({ name }) => [name, `${name}.late`]);
  const letters = streams.map(({ name }) => deadLettersOf(name));
  return [...firing, ...derived.map(({ name }) => name), ...letters, ...(fraud === null ? [] : BUILTIN_STREAMS)];
}

export function deadLettersOf(stream: string): string {
  return `${stream}.dead-letters`;
}

/** The hint for an unknown name. */
export function hintFor(name: string, known: readonly string[]): string {
  const nearest = nearestWord(name, known);
  const all = known.length === 0 ? 'there are none' : `known: ${known.join(', ')}`;
  return nearest === undefined ? all : `did you mean ${nearest}? ${all}`;
}
