/** The note in a commit about calls that are not made: it comes before the events, so that a replay makes none of them. */
import type { Block } from '../messages/block.ts';
import type { CallCutOff } from '../messages/streams.ts';
import { callCutOffType } from '../messages/types.ts';

export function cutOffBlocks({ cutOffs = [] }: { readonly cutOffs?: readonly CallCutOff[] }): readonly Block[] {
  return cutOffs.length === 0 ? [] : [callCutOffType.encodeBlock(cutOffs)];
}
