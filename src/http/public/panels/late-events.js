/** Events that came after the windows or joins that they belong to were over. */
import { duration, exact } from '../core/format.js';
import { html } from '../core/html.js';
import { lateEventsSource, overviewSource } from '../core/sources.js';
import { useSource } from '../core/store.js';
import { Exports, Frame } from '../view/frame.js';
import { Short, Time } from '../view/marks.js';
import { Table } from '../view/table.js';
import { KeyCell } from '../view/window-cells.js';

export const lateEventsPanel = {
  id: 'late-events',
  title: 'Late events',
  on: { '/quality': { order: 20 } },
  shows: ({ windowsAndJoins }) => windowsAndJoins.length > 0,
  view: LateEvents,
};

const COLUMNS = [
  { head: 'Window or join', cell: (row) => html`<span class="long">${row.window}</span>` },
  { head: 'Key', cell: (row) => html`<${KeyCell} value=${row.key} field=${null} />` },
  { head: 'When it happened', cell: (row) => html`<${Time} at=${row.occurred_at} />` },
  { head: 'Too late by', number: true, cell: (row) => duration(row.lateness_ms) },
  { head: 'Windows lost', number: true, cell: (row) => exact(row.windows_lost) },
  { head: 'Event', cell: (row) => html`<code><${Short} value=${row.event} /></code>` },
];

function LateEvents({ panel }) {
  const shown = useSource(lateEventsSource);
  const { value: overview } = useSource(overviewSource);
  const note = overview.lateEvents === null ? '' : `${exact(overview.lateEvents)} in all`;
  const tools = html`<${Exports} path="/api/v1/late-events" name="late-events" all />`;
  return html`<${Frame} panel=${panel} note=${note} tools=${tools}>
    <${Table}
      caption="Late events, newest first"
      empty="No event came too late."
      shown=${shown}
      columns=${COLUMNS}
      keyOf=${lateEventsSource.key}
    />
  <//>`;
}
