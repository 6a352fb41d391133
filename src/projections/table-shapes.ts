/** What decides the tables of the stores, kept with the data for the commands that read a data directory without its configuration. */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NamedStream } from './duckdb-named-views.ts';
import type { AggregateShape, WindowShape } from './duckdb-schema.ts';
import type { DeclaredStore } from './store-tables.ts';
import type { StreamShape } from './stream-tables.ts';

/** The tables that depend on the configuration, as plain data. */
export interface TableShapes {
  readonly windows: readonly WindowShape[];
  readonly streams: readonly StreamShape[];
  /** Streams of built-in types; absent in older data, where they had no views of their own. */
  readonly named?: readonly NamedStream[];
  /** The stores that are on, of those that every pipeline has; absent for all of them. */
  readonly stores?: readonly string[];
  /** The stores that the pipeline file declares. */
  readonly declared?: readonly DeclaredStore[];
}

const SHAPES_FILE = 'tables.json';

export function saveTableShapes(dataDir: string, shapes: TableShapes): void {
  const json = JSON.stringify(shapes);
  const path = join(dataDir, SHAPES_FILE);
  if (existsSync(path) && readFileSync(path, 'utf8') === json) return;
  replaceFileSync(dataDir, SHAPES_FILE, json);
}

/** The shapes that the stores were last opened with on this data; none before that. Throws when the file is damaged. */
export function savedTableShapes(dataDir: string): TableShapes {
  const path = join(dataDir, SHAPES_FILE);
  if (!existsSync(path)) return { windows: [], streams: [] };
  try {
    const shapes: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (isShapes(shapes)) return { ...shapes, windows: shapes.windows.map(ofToday) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new Error(
    `${path} is cut off or damaged. It names the tables of the read models, and is written anew by \`millrace start\` or ` +
      '`millrace run` with the configuration of this data directory. The journal is as it was.',
  );
}

/** Earlier versions kept the name of the aggregate, where now stands whether it counts the events. */
interface EarlierAggregate extends AggregateShape {
  readonly fn?: string;
}

function ofToday(shape: WindowShape): WindowShape {
  const aggregates = shape.aggregates.map(({ fn, ...own }: EarlierAggregate): AggregateShape => {
    return fn === undefined ? own : { ...own, isCount: fn === 'count' };
  });
  return { ...shape, aggregates };
}

function isShapes(value: unknown): value is TableShapes {
  return (
    typeof value === 'object' &&
    value !== null &&
    'windows' in value &&
    Array.isArray(value.windows) &&
    'streams' in value &&
    Array.isArray(value.streams)
  );
}

/** Replaces a file. A crash leaves the old file or the new one. */
function replaceFileSync(directory: string, name: string, text: string): void {
  const temporary = join(directory, `${name}.tmp`);
  try {
    writeFileSync(temporary, text, { flush: true });
    renameSync(temporary, join(directory, name));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  const handle = openSync(directory, 'r');
  fsyncSync(handle);
  closeSync(handle);
}
