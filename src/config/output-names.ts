/** Names of the streams that a pipeline derives, as its output, `--only`, sinks and tests call them. */

import { deadLettersOf, LATE } from '../messages/stream-events.ts';
import { nearestWord } from '../nearest-word.ts';

interface Named {
  readonly name: string;
}

/** The parts of a pipeline that have names. */
export interface NamedParts {
  readonly streams: readonly Named[];
  readonly windows: readonly Named[];
  readonly joins: readonly Named[];
  readonly derived: readonly Named[];
  readonly operators: readonly { readonly outputs: readonly { readonly stream: string }[] }[];
  /** Streams that are built in, and that a section switches on. */
  readonly builtin: readonly string[];
}

/** Every name that a line of the output can have. */
export function outputNamesOf({ windows, joins, derived, operators, streams, builtin }: NamedParts): string[] {
  const firing = [...windows, ...joins].flatMap(({ name }) => [name, `${name}${LATE}`]);
  const letters = streams.map(({ name }) => deadLettersOf(name));
  const outputs = operators.flatMap((operator) => operator.outputs.map(({ stream }) => stream));
  const own = [...derived.map(({ name }) => name), ...outputs];
  return [...firing, ...own, ...letters, ...builtin];
}

/** The hint for an unknown name. */
export function hintFor(name: string, known: readonly string[]): string {
  const nearest = nearestWord(name, known);
  const all = known.length === 0 ? 'there are none' : `known: ${known.join(', ')}`;
  return nearest === undefined ? all : `did you mean ${nearest}? ${all}`;
}
