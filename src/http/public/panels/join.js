/** One join: its newest results side by side, and a search by key and time. */
import { html } from '../core/html.js';
import { served } from '../core/place.js';
import { resultsSource } from '../core/results.js';
import { to } from '../core/router.js';
import { useSource } from '../core/store.js';
import { Exports, Frame } from '../view/frame.js';
import { Muted, Short, Time } from '../view/marks.js';
import { More, SearchFields, useSearch } from '../view/search.js';
import { Table } from '../view/table.js';
import { KeyCell } from '../view/window-cells.js';

export const joinPanel = { id: 'join', title: 'Results', on: { '/joins/:join': { order: 10 } }, view: Join };

function Join({ panel, params, pipeline }) {
  const own = pipeline.windowsAndJoins.find(({ kind, name }) => kind === 'join' && name === params.join);
  if (own !== undefined) return html`<${Results} panel=${panel} own=${own} />`;
  return html`<${Frame} panel=${panel} title="No such join">
    <p class="empty" role="alert">The pipeline has no join ${params.join}. <a href=${to('/windows')}>Its joins</a></p>
  <//>`;
}

function Results({ panel, own }) {
  const shown = useSource(resultsSource(own));
  const search = useSearch(own, shown.value);
  const rows = search.answer?.rows ?? shown.value ?? [];
  const tools = html`<${SearchFields} own=${own} search=${search} />
    <${Exports} path=${own.rows} name=${own.name} all />
    <a href=${served(own.late)} title="Events that came too late for it, the newest 100">Late</a>`;
  return html`<${Frame} panel=${panel} note="join of ${own.of.join(' with ')}" tools=${tools}>
    <${Table}
      caption="Results of ${own.name}, newest first"
      empty=${search.answer === null ? 'A result appears here when events match.' : 'No result matches the search.'}
      shown=${{ status: search.answer?.status ?? shown.status, error: search.answer?.error ?? shown.error }}
      rows=${rows}
      columns=${columnsOf(own)}
      keyOf=${/* Pairs of one key and time may be alike. */ (row) => JSON.stringify(row)}
      filter=${JSON.stringify([search.asked, search.answer?.pages, search.answer === null])}
      class="tall"
    />
    <${More} search=${search} />
  <//>`;
}

function columnsOf(own) {
  return [
    { head: 'Time', cell: (row) => html`<${Time} at=${row.joined_at} />` },
    { head: own.key, cell: (row) => html`<${KeyCell} value=${row.key} field=${own.key} />` },
    { head: own.of[0], cell: (row) => eventCell(row.left_event) },
    { head: own.of[1], cell: (row) => eventCell(row.right_event) },
  ];
}

function eventCell(event) {
  return event === null ? html`<${Muted}>null<//>` : html`<code><${Short} value=${event} /></code>`;
}
