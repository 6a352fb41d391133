/** Names of the streams that a pipeline derives, as its output, `--only`, sinks and tests call them. */

import { deadLettersOf, LATE } from '../messages/stream-events.ts';
import { nearestWord } from '../nearest-word.ts';
import { TABLES } from '../tables.ts';

/** Streams that are built in: those of tables whose events are lines of the output. */
const BUILTIN_STREAMS: readonly string[] = TABLES.flatMap(({ output }) => output?.stream ?? []);

interface Named {
  readonly name: string;
}

/** What of a pipeline gives names. */
export interface NamedParts {
  readonly streams: readonly Named[];
  readonly windows: readonly Named[];
  readonly joins: readonly Named[];
  readonly derived: readonly Named[];
  readonly operators: readonly { readonly outputs: readonly { readonly stream: string }[] }[];
  readonly fraud: object | null;
}

/** Every name that a line of the output can have. */
export function outputNames({ windows, joins, derived, operators, streams, fraud }: NamedParts): string[] {
  const firing = [...windows, ...joins].flatMap(({ name }) => [name, `${name}${LATE}`]);
  const letters = streams.map(({ name }) => deadLettersOf(name));
  const outputs = operators.flatMap((operator) => operator.outputs.map(({ stream }) => stream));
  const own = [...derived.map(({ name }) => name), ...outputs];
  return [...firing, ...own, ...letters, ...(fraud === null ? [] : BUILTIN_STREAMS)];
}

/** The hint for an unknown name. */
export function hintFor(name: string, known: readonly string[]): string {
  const nearest = nearestWord(name, known);
  const all = known.length === 0 ? 'there are none' : `known: ${known.join(', ')}`;
  return nearest === undefined ? all : `did you mean ${nearest}? ${all}`;
}
