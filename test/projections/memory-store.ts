/**
 * A store in memory, for tests: tables of any kind, by their entries alone. What it committed stands in a Map in the place of a
 * file, so that it can be closed, forgotten before its commit, and opened again.
 */
import { createHash } from 'node:crypto';
import { cellOf } from '../../src/projections/cell.ts';
import type { StoreDriver } from '../../src/projections/driver.ts';
import type { EventRow, Store, TableDigest, Where } from '../../src/projections/store.ts';
import { stateColumns, type Table, tableText } from '../../src/projections/table.ts';

type Cells = Readonly<Record<string, unknown>>;

interface Content {
  readonly version: string;
  offsets: ReadonlyMap<string, number>;
  rows: ReadonlyMap<string, ReadonlyMap<string, Cells>>;
}

const files = new Map<string, Content>();

/** `takeMs`: how long it takes over each section. */
export function memoryDriver(takeMs = 0): StoreDriver {
  return {
    name: 'memory',
    label: 'Memory',
    kind: null,
    files: ['memory'],
    damage: /memory is damaged/,
    dialect: { instant: (column) => column, beginning: (column) => column },
    cannotHold: () => null,
    open: async ({ dataDir, tables }) => openMemory(dataDir, tables, takeMs),
    erase: async ({ dataDir }) => void files.delete(dataDir),
    room: null,
    offsets: async (dataDir) => files.get(dataDir)?.offsets ?? new Map(),
    readApart: null,
    retryMs: null,
  };
}

function openMemory(dataDir: string, tables: readonly Table[], takeMs: number): Store {
  const version = tables.map(tableText).join('\n');
  const known = files.get(dataDir);
  const content = known?.version === version ? known : { version, offsets: new Map(), rows: new Map() };
  files.set(dataDir, content);
  let pending = new Map<string, Map<string, Cells>>();
  const offsets = new Map(content.offsets);

  function take(table: Table, event: EventRow, where: Where, i: number): void {
    const cells: Cells = Object.fromEntries(
      table.columns.map((column) => [column.name, cellOf(column, event, where, i)]),
    );
    const rows = pending.get(table.name) ?? new Map<string, Cells>(content.rows.get(table.name));
    pending.set(table.name, rows);
    const key = table.key?.map((column) => cells[column]) ?? [where.log, where.firstOffset + i];
    const id = JSON.stringify(key);
    const before = rows.get(id);
    const changed = table.updates?.by[String(event[table.updates.field])];
    if (changed !== undefined && before === undefined) return;
    const merged = table.columns.map(({ name, onUpdate }) => {
      if (before === undefined) return [name, cells[name]];
      if (changed?.includes(name) === false || onUpdate === 'keep') return [name, before[name]];
      return [name, onUpdate === 'max' ? Math.max(Number(before[name]), Number(cells[name])) : cells[name]];
    });
    rows.set(id, Object.fromEntries(merged));
  }

  return {
    name: 'memory',
    offsets: () => offsets,
    wants: new Set(tables.map(({ eventType }) => eventType)),
    async begin() {
      pending = new Map();
    },
    async project(sections, commit) {
      if (takeMs > 0) await new Promise((resolve) => setTimeout(resolve, takeMs));
      for (const { typeName, firstOffset, objects } of sections) {
        for (const table of tables) {
          if (table.eventType !== typeName) continue;
          objects().forEach((event, i) => void take(table, event, { ...commit, firstOffset }, i));
        }
      }
    },
    async commit(reached) {
      content.rows = new Map([...content.rows, ...pending]);
      content.offsets = new Map([...content.offsets, ...reached]);
      for (const [log, next] of reached) offsets.set(log, next);
    },
    async rollback() {
      pending = new Map();
    },
    query: async () => [],
    verify: async () => null,
    digest: async () => tables.map((table) => digestOf(table, [...(content.rows.get(table.name)?.values() ?? [])])),
    async close() {},
  };
}

function digestOf(table: Table, rows: readonly Cells[]): TableDigest {
  const columns = stateColumns(table);
  const lines = rows.map((row) => JSON.stringify(columns.map((column) => row[column]))).sort();
  const hash = createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16);
  return { table: table.name, rows: rows.length, hash };
}
