/** How far a partition has come in what it reads: in files, by path, and in partitions of Kafka topics. */
import type { Block } from '../messages/block.ts';
import type { Registry } from '../messages/registry.ts';
import type { FilePosition, TopicPosition } from '../messages/streams.ts';
import { filePositionType, topicPositionType } from '../messages/types.ts';

export interface Places {
  readonly files: readonly FilePosition[];
  readonly topics: readonly TopicPosition[];
}

export interface KnownPlaces {
  all(): Places;
  /** Takes the positions in a commit into account. */
  note(blocks: readonly Block[]): void;
  restore(places: Places): void;
}

/** Whether events of this type say how far something was read: no operator sees them. */
export function isPlace(fingerprint: string): boolean {
  return fingerprint === filePositionType.fingerprint || fingerprint === topicPositionType.fingerprint;
}

export function createKnownPlaces(registry: Pick<Registry, 'nameOf' | 'decodeAs'>): KnownPlaces {
  const files = new Map<string, FilePosition>();
  const topics = new Map<string, TopicPosition>();
  const noteFile = (position: FilePosition): void => void files.set(position.path, position);
  const noteTopic = (position: TopicPosition): void =>
    void topics.set(`${position.group} ${position.topic}/${position.partition}`, position);
  return {
    all: () => ({ files: [...files.values()], topics: [...topics.values()] }),
    note(blocks) {
      for (const { fingerprint, bytes } of blocks) {
        const name = registry.nameOf(fingerprint);
        if (name === filePositionType.name) registry.decodeAs(filePositionType, fingerprint, bytes).forEach(noteFile);
        if (name === topicPositionType.name)
          registry.decodeAs(topicPositionType, fingerprint, bytes).forEach(noteTopic);
      }
    },
    restore(places) {
      files.clear();
      topics.clear();
      places.files.forEach(noteFile);
      places.topics.forEach(noteTopic);
    },
  };
}
