/** The shapes of the windows, kept with the data for the commands that read a data directory without its configuration. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WindowShape } from './duckdb-schema.ts';

const SHAPES_FILE = 'windows.json';

export function saveWindowShapes(dataDir: string, shapes: readonly WindowShape[]): void {
  const json = JSON.stringify(shapes);
  // Nothing is written when nothing changed: on a full disk the file would only lose what it has.
  if (json !== JSON.stringify(savedWindowShapes(dataDir))) writeFileSync(join(dataDir, SHAPES_FILE), json);
}

/** The windows with which the stores were last opened on this data; none before that. */
export function savedWindowShapes(dataDir: string): WindowShape[] {
  try {
    return JSON.parse(readFileSync(join(dataDir, SHAPES_FILE), 'utf8'));
  } catch {
    return [];
  }
}
