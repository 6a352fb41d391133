/** Every table that the pipeline fills and the API reads, a domain's among them. */
import { html } from '../core/html.js';
import { to } from '../core/router.js';
import { tablesSource } from '../core/sources.js';
import { useSource } from '../core/store.js';
import { Exports, Frame } from '../view/frame.js';
import { Muted } from '../view/marks.js';
import { Table } from '../view/table.js';

export const tablesPanel = { id: 'tables', title: 'Tables', on: { '/tables': { order: 10 } }, view: Tables };

const COLUMNS = [
  { head: 'Table', cell: (row) => html`<a href=${to('/tables', row.name)}>${row.name}</a>` },
  { head: 'What', cell: (row) => row.label },
  { head: 'Store', cell: (row) => row.store },
  { head: 'Columns', cell: (row) => html`<span class="long">${row.columns.map(({ name }) => name).join(', ')}</span>` },
  {
    head: 'Export',
    cell: (row) =>
      row.isOff ? html`<${Muted}>the store is off<//>` : html`<${Exports} path=${row.path} name=${row.name} />`,
  },
];

function Tables({ panel }) {
  const shown = useSource(tablesSource);
  const rows = (shown.value ?? []).filter(({ isFilled }) => isFilled);
  return html`<${Frame} panel=${panel} note="of the read models; SQL has them under the same names">
    <${Table} caption="Tables of the read models" empty="There are none." shown=${shown} rows=${rows} columns=${COLUMNS} keyOf=${(row) => row.name} />
  <//>`;
}
