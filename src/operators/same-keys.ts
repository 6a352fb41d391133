/** Whether state of an earlier definition is of the same keys. The state's schema alone does not say that. */

import { isMap } from '../messages/json-map.ts';
import { UnreadableStateError } from '../streams/operator.ts';
import type { Definition } from './definition.ts';

interface Input {
  readonly stream: string;
  readonly key: string | null;
}

export function definitionText({ kind }: Definition, inputs: readonly Input[]): string {
  return JSON.stringify({ kind, keys: Object.fromEntries(inputs.map(({ stream, key }) => [stream, key])) });
}

/**
 * An input may come or go, but an input that stays has to keep its key. Throws an UnreadableStateError when its key is
 * another.
 */
export function requireSameKeys(text: string, { kind }: Definition, inputs: readonly Input[]): void {
  const written: unknown = JSON.parse(text);
  if (!isMap(written) || !isMap(written.keys) || written.kind !== kind) {
    throw new UnreadableStateError(`Its state is that of another kind of operator: ${text}`);
  }
  for (const { stream, key } of inputs) {
    const before = written.keys[stream];
    if (before === undefined || before === key) continue;
    throw new UnreadableStateError(
      `Its state is by ${JSON.stringify(before)} of ${stream}, and it is now keyed by ${key}`,
    );
  }
}
