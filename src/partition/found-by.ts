/** What operators have found about their process, as messages to themselves: the log has them before the batch that follows. */
import type { Block } from '../messages/block.ts';
import { operatorMessageType } from '../messages/types.ts';
import type { Operator } from '../streams/operator.ts';

export function foundBy(operators: readonly Operator[]): readonly Block[] {
  return operators.flatMap((operator) => {
    const block = operator.found?.() ?? null;
    if (block === null) return [];
    const { fingerprint, count, bytes } = block;
    const told = { operator: operator.name, fingerprint, count, block: Buffer.from(bytes) };
    return operatorMessageType.encodeBlock([told]);
  });
}
