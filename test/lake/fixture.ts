/** Logs of made-up events, a lake over them, and what the lake should then hold. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { columnsOfEvents } from '../../src/messages/columns.ts';
import { tombstoneType } from '../../src/messages/types.ts';
import { folderPlace } from '../../src/places/folder-place.ts';
import type { Place } from '../../src/places/place.ts';
import type { SectionEvents, Store } from '../../src/projections/store.ts';
import { storeColumns } from '../../src/projections/store-tables.ts';
import { LAKE_MANIFEST } from '../../src/stores/lake/manifest.ts';
import { parsePartitionBy } from '../../src/stores/lake/options.ts';
import type { LakeTable } from '../../src/stores/lake/stage.ts';
import { openLake } from '../../src/stores/lake/store.ts';

const DAY_MS = 86_400_000;
const BEGIN_MS = Date.UTC(2026, 10, 28, 20);

export interface Click {
  readonly userId: string;
  readonly occurredAt: number;
  readonly page: string | null;
  readonly amount: number;
}

export const CLICK_FIELDS = [
  { name: 'userId', type: 'string' },
  { name: 'occurredAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
  { name: 'page', type: ['null', 'string'] },
  { name: 'amount', type: 'double' },
] as const;

export function clicksTable(partitionBy: readonly string[], fields: readonly object[] = CLICK_FIELDS): LakeTable {
  const schema = JSON.parse(JSON.stringify({ type: 'record', name: 'Click', fields }));
  const by = partitionBy.flatMap((text) => parsePartitionBy(text) ?? []);
  return {
    of: 'clicks',
    role: 'stream',
    columns: storeColumns(schema),
    key: ['userId'],
    time: 'occurredAt',
    options: { partitionBy: by },
  };
}

/** Three days of clicks in two logs, the same for every call. */
export function clicksOf(log: string, fromOffset: number, toOffset: number): Click[] {
  return Array.from({ length: toOffset - fromOffset }, (_, i) => {
    const n = fromOffset + i;
    const page = n % 4 === 0 ? null : `page ${n % 3}/ü`;
    const occurredAt = BEGIN_MS + (((n * 7919) % 1000) * 3 * DAY_MS) / 1000;
    return { userId: `${log}-${n}`, occurredAt: Math.floor(occurredAt), page, amount: n / 8 };
  });
}

export interface LakeAt {
  readonly directory: string;
  readonly place?: Place;
  readonly owner?: number;
  readonly table?: LakeTable;
  readonly targetBytes?: number;
  readonly everyMs?: number;
  readonly keepReplacedMs?: number;
}

export function placeOf(directory: string): Place {
  return folderPlace(join(directory, 'lake'), LAKE_MANIFEST);
}

export function lakeAt(at: LakeAt): Promise<Store> {
  const { directory, owner = 1, table = clicksTable(['day(occurredAt)']) } = at;
  const own = join(directory, 'own');
  mkdirSync(own, { recursive: true });
  const { targetBytes = 1e9, everyMs = 0, keepReplacedMs = 3_600_000 } = at;
  return openLake({
    name: 'lake',
    place: at.place ?? placeOf(directory),
    lake: { path: 'lake', targetBytes, everyMs, keepReplacedMs, tables: [table] },
    owner,
    directory: own,
    witness: join(own, 'witness.json'),
  });
}

/** Brings one transaction: of each log what follows what the store has, so many events at most. */
export async function bring(
  store: Store,
  ends: Readonly<Record<string, number>>,
  most: number,
  make: (log: string, from: number, to: number) => readonly object[] = clicksOf,
): Promise<number> {
  await store.begin();
  const reached = new Map<string, number>();
  try {
    for (const [log, end] of Object.entries(ends)) {
      const from = store.offsets().get(log) ?? 0;
      const to = Math.min(end, from + most);
      if (to === from) continue;
      const sections = sectionsOf(
        make(log, from, to).map((event) => ({ ...event })),
        from,
      );
      await store.project(sections, { log, stream: 'clicks', partition: 0, committedAt: 0 });
      reached.set(log, to);
    }
    await store.commit(reached);
  } catch (error) {
    await store.rollback();
    throw error;
  }
  return [...reached.values()].length;
}

/** Events of one type stand in one section, as long as no other comes between; what has a key and a time only is a tombstone. */
function sectionsOf(events: readonly Readonly<Record<string, unknown>>[], firstOffset: number): SectionEvents[] {
  const sections: SectionEvents[] = [];
  for (let from = 0; from < events.length; ) {
    const isDeletion = 'key' in (events[from] ?? {});
    let to = from + 1;
    while (to < events.length && 'key' in (events[to] ?? {}) === isDeletion) to += 1;
    const own = events.slice(from, to);
    sections.push({
      firstOffset: firstOffset + from,
      table: 'clicks',
      typeName: isDeletion ? tombstoneType.name : 'Click',
      window: null,
      columns: () => columnsOfEvents(own),
      objects: () => own,
    });
    from = to;
  }
  return sections;
}

export const ROWS_SQL =
  'SELECT "userId", epoch_ms("occurredAt") AS "occurredAt", page, amount FROM clicks ORDER BY millrace_log, millrace_offset';
