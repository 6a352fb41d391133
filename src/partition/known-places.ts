/** How far a partition has come in what it reads: in files, by path, in partitions of Kafka topics, and in tables. */
import type { Block } from '../messages/block.ts';
import type { Registry } from '../messages/registry.ts';
import type { FilePosition, TopicPosition } from '../messages/streams.ts';
import type { TablePosition } from '../messages/table-position.ts';
import { filePositionType, tablePositionType, topicPositionType } from '../messages/types.ts';

export interface Places {
  readonly files: readonly FilePosition[];
  readonly topics: readonly TopicPosition[];
  readonly tables: readonly TablePosition[];
}

export interface KnownPlaces {
  all(): Places;
  /** Takes the positions in a commit into account. */
  note(blocks: readonly Block[]): void;
  restore(places: Places): void;
}

const PLACES: ReadonlySet<string> = new Set(
  [filePositionType, topicPositionType, tablePositionType].map(({ fingerprint }) => fingerprint),
);

/** Whether events of this type say how far something was read: no operator sees them. */
export function isPlace(fingerprint: string): boolean {
  return PLACES.has(fingerprint);
}

export function createKnownPlaces(registry: Pick<Registry, 'nameOf' | 'decodeAs'>): KnownPlaces {
  const files = new Map<string, FilePosition>();
  const topics = new Map<string, TopicPosition>();
  const tables = new Map<string, TablePosition>();
  const noteFile = (position: FilePosition): void => void files.set(position.path, position);
  const noteTopic = (position: TopicPosition): void =>
    void topics.set(`${position.group} ${position.topic}/${position.partition}`, position);
  const noteTable = (position: TablePosition): void => void tables.set(position.source, position);
  return {
    all: () => ({ files: [...files.values()], topics: [...topics.values()], tables: [...tables.values()] }),
    note(blocks) {
      for (const { fingerprint, bytes } of blocks) {
        const name = registry.nameOf(fingerprint);
        if (name === filePositionType.name) registry.decodeAs(filePositionType, fingerprint, bytes).forEach(noteFile);
        if (name === topicPositionType.name)
          registry.decodeAs(topicPositionType, fingerprint, bytes).forEach(noteTopic);
        if (name === tablePositionType.name)
          registry.decodeAs(tablePositionType, fingerprint, bytes).forEach(noteTable);
      }
    },
    restore(places) {
      files.clear();
      topics.clear();
      tables.clear();
      places.files.forEach(noteFile);
      places.topics.forEach(noteTopic);
      places.tables.forEach(noteTable);
    },
  };
}
