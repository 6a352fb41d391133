/** What operators have found about their process, as messages to themselves: the log has them before the batch that follows. */
import type { Block } from '../messages/block.ts';
import { operatorMessageType } from '../messages/types.ts';
import type { Operator } from '../streams/operator.ts';

const NOTHING: readonly Block[] = [];

export function foundBy(operators: readonly Operator[]): readonly Block[] {
  let blocks = NOTHING;
  for (const operator of operators) {
    const block = operator.found?.() ?? null;
    if (block === null) continue;
    const { fingerprint, count, bytes } = block;
    const told = { operator: operator.name, fingerprint, count, block: Buffer.from(bytes) };
    blocks = [...blocks, operatorMessageType.encodeBlock([told])];
  }
  return blocks;
}
