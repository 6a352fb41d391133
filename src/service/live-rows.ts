/** Events that a commit derived, as rows for a live page. Only tables with live rows have them. */

import type { Committed } from '../actors/partition-consumer.ts';
import type { LiveEvent, Row } from '../http/view.ts';
import { exactJson } from '../messages/event-json.ts';
import type { Registry } from '../messages/registry.ts';
import type { ColumnEntry, Table } from '../projections/table.ts';
import { TABLES } from '../tables.ts';

type Value = Row[string];

const LIVE = new Map(TABLES.flatMap((table) => (table.live === undefined ? [] : [[table.eventType, table] as const])));

export function publishDerived(publish: (event: LiveEvent) => void, registry: Registry, commit: Committed): void {
  let offset = commit.firstOffset;
  for (const { fingerprint, count, bytes } of commit.commit.sections) {
    const name = registry.nameOf(fingerprint) ?? '';
    const table = LIVE.get(name);
    const type = registry.builtin(name);
    if (table?.live !== undefined && type !== undefined) {
      const { as, last } = table.live;
      // An object for each of the rows that are shown, and not for each event of the commit.
      const events = registry.columnsAs(type, { fingerprint, count, bytes }, (block) => type.columns(block));
      const first = Math.max(0, count - last);
      const data: Row[] = [];
      for (let i = first; i < count; i++) data.push(rowOf(table, events.event(i), commit, offset + i));
      publish({ kind: 'rows', as, data });
    }
    offset += count;
  }
}

/** An event as the row that the API gives for it when the table is read. */
function rowOf({ columns, read }: Table, event: object, { commit }: Committed, offset: number): Row {
  const places = { $log: '', $stream: commit.stream, $partition: commit.partition, $offset: offset };
  const values: Readonly<Record<string, unknown>> = { ...event, ...places, $committedAt: commit.committedAt };
  return Object.fromEntries(
    (read?.columns ?? []).map((column) => {
      const { name, of } = typeof column === 'string' ? { name: column, of: column } : column;
      const entry = columns.find((candidate) => candidate.name === of);
      return [name, entry === undefined ? null : shownValue(entry, values[entry.from])];
    }),
  );
}

function shownValue({ kind, values }: ColumnEntry, value: unknown): Value {
  if (kind === 'json') return exactJson(value);
  if (typeof value === 'string') return values?.[value] ?? value;
  return typeof value === 'number' || typeof value === 'boolean' ? value : null;
}
