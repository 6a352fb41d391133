/** A partition's positions in the files that it has read, by path. */
import type { Block } from '../messages/block.ts';
import type { Registry } from '../messages/registry.ts';
import type { FilePosition } from '../messages/streams.ts';
import { filePositionType } from '../messages/types.ts';

export interface KnownFiles {
  readonly byPath: ReadonlyMap<string, FilePosition>;
  /** Takes the positions in a commit into account. */
  note(blocks: readonly Block[]): void;
  restore(positions: readonly FilePosition[]): void;
}

export function createKnownFiles(registry: Registry): KnownFiles {
  const byPath = new Map<string, FilePosition>();
  return {
    byPath,
    note(blocks) {
      for (const { fingerprint, bytes } of blocks) {
        if (registry.nameOf(fingerprint) !== filePositionType.name) continue;
        for (const place of registry.decodeAs(filePositionType, fingerprint, bytes)) byPath.set(place.path, place);
      }
    },
    restore(positions) {
      byPath.clear();
      for (const position of positions) byPath.set(position.path, position);
    },
  };
}
