/** The analytics store of a data directory as a port of SQL: by the service that runs on it, or opened for as long as it takes. */
import { askDirectory } from '../channel/ask.ts';
import { openReadModels } from '../channel/offline.ts';
import { requireJournal } from '../data-directory/require-journal.ts';
import { JournalError } from '../journal/error.ts';
import type { ResultRow } from '../quality/suite/result.ts';
import type { CheckedTable } from './checked-table.ts';

const STORE = 'duckdb';
/** Of a statement, while a service runs. */
const TIMEOUT_MS = 600_000;
const ROWS_MAX = 100_000;

export async function openStoreTables(
  dataDir: string,
  note: (message: string) => void,
): Promise<Pick<CheckedTable, 'rows' | 'close'>> {
  requireJournal(dataDir);
  try {
    const offline = await openReadModels(dataDir);
    await offline.catchUp();
    return { rows: (sql) => offline.query(STORE, sql), close: offline.close };
  } catch (error) {
    if (!(error instanceof JournalError) || error.kind !== 'in-use') throw error;
  }
  return {
    async rows(sql) {
      const found: ResultRow[] = [];
      const request = { command: 'query', request: { store: STORE, sql }, timeoutMs: TIMEOUT_MS, limit: ROWS_MAX };
      for await (const { rows } of askDirectory(dataDir, request, note)) found.push(...rows.map(cellsOf));
      return found;
    },
    close: async () => {},
  };
}

function cellsOf(row: Readonly<Record<string, unknown>>): ResultRow {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, cellOf(value)]));
}

function cellOf(value: unknown): ResultRow[string] {
  const isCell = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return isCell ? value : value == null ? null : JSON.stringify(value);
}
