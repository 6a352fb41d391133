/** What failed in the tree of actors, and what was restarted. */
import { exact } from '../core/format.js';
import { html } from '../core/html.js';
import { actorHistorySource } from '../core/sources.js';
import { useSource } from '../core/store.js';
import { Exports, Frame } from '../view/frame.js';
import { State, Time } from '../view/marks.js';
import { Table } from '../view/table.js';

export const actorHistoryPanel = {
  id: 'actor-history',
  title: 'Failures and restarts',
  on: { '/actors': { order: 20 } },
  view: History,
};

const COLUMNS = [
  { head: 'When', cell: (row) => html`<${Time} at=${row.changed_at} />` },
  { head: 'Change', cell: (row) => html`<${State} state=${row.change} />` },
  { head: 'Restarts', number: true, cell: (row) => exact(row.restarts) },
  {
    head: 'Actor',
    cell: (row) =>
      html`<span class="path">${row.actor}</span>${row.error !== null && html`<div class="detail failure">${row.error}</div>`}`,
  },
];

function History({ panel }) {
  const shown = useSource(actorHistorySource);
  return html`<${Frame} panel=${panel} tools=${html`<${Exports} path="/api/v1/actor-history" name="actor-history" />`}>
    <${Table} caption="Failures and restarts of actors, newest first" empty="No actor has failed." shown=${shown} columns=${COLUMNS} keyOf=${actorHistorySource.key} />
  <//>`;
}
