/** What decides the tables of the stores, kept with the data for the commands that read a data directory without its configuration. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WindowShape } from './duckdb-schema.ts';
import type { StreamShape } from './stream-tables.ts';

/** The tables that are not the same for every configuration, as plain data. */
export interface TableShapes {
  readonly windows: readonly WindowShape[];
  readonly streams: readonly StreamShape[];
}

const SHAPES_FILE = 'tables.json';

export function saveTableShapes(dataDir: string, shapes: TableShapes): void {
  const json = JSON.stringify(shapes);
  // Nothing is written when nothing changed: on a full disk the file would only lose what it has.
  if (json !== JSON.stringify(savedTableShapes(dataDir))) writeFileSync(join(dataDir, SHAPES_FILE), json);
}

/** With what the stores were last opened on this data; nothing before that. */
export function savedTableShapes(dataDir: string): TableShapes {
  try {
    return JSON.parse(readFileSync(join(dataDir, SHAPES_FILE), 'utf8'));
  } catch {
    return { windows: [], streams: [] };
  }
}
