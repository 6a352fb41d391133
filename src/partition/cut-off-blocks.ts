/** The note in a commit about calls that are not made: it comes before the events, so that a replay makes none of them. */
import type { Block } from '../messages/block.ts';
import { callCutOffType } from '../messages/types.ts';
import type { PartitionInput } from './partition.ts';

export function cutOffBlocks({ cutOffs = [] }: Pick<PartitionInput, 'cutOffs'>): readonly Block[] {
  return cutOffs.length === 0 ? [] : [callCutOffType.encodeBlock(cutOffs)];
}
