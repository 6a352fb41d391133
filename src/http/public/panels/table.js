/** The newest rows of any table: at first the columns that its entry names for that, and all of them when asked. */
import { useState } from 'preact/hooks';
import { html } from '../core/html.js';
import { to } from '../core/router.js';
import { tableRowsSource, tablesSource } from '../core/sources.js';
import { useSource } from '../core/store.js';
import { Filter, matching } from '../view/filter.js';
import { Exports, Frame } from '../view/frame.js';
import { columnOf } from '../view/row-cells.js';
import { Table } from '../view/table.js';

export const tablePanel = {
  id: 'table',
  title: 'Newest rows',
  on: { '/tables/:table': { order: 10 } },
  view: AnyTable,
};

function AnyTable({ panel, params }) {
  const { value: tables, status } = useSource(tablesSource);
  const table = tables?.find(({ name }) => name === params.table);
  if (table !== undefined && !table.isOff) return html`<${TableRows} panel=${panel} table=${table} />`;
  const why =
    status !== 'ready'
      ? 'Reading …'
      : table === undefined
        ? html`There is no table ${params.table} here. <a href=${to('/tables')}>The tables</a>`
        : `The pipeline runs without its store, ${table.store}.`;
  return html`<${Frame} panel=${panel}><p class="empty" role="status">${why}</p><//>`;
}

function TableRows({ panel, table }) {
  const shown = useSource(tableRowsSource(table));
  const [hasAll, setAll] = useState(false);
  const [text, setText] = useState('');
  const isCut = table.shown.length < table.columns.length;
  const named = (name) => table.columns.find((column) => column.name === name) ?? [];
  const columns = hasAll ? table.columns : table.shown.flatMap(named);
  const more = html`<label><input type="checkbox" checked=${hasAll} onChange=${(event) => setAll(event.target.checked)} /> all columns</label>`;
  const tools = html`${isCut && more}
    <${Filter} label="Filter rows" value=${text} onText=${setText} />
    <${Exports} path=${table.path} name=${table.name} />`;
  return html`<${Frame} panel=${panel} title=${table.label} note="the newest ones" tools=${tools}>
    <${Table}
      caption="${table.label}, newest first"
      empty=${text === '' ? 'No row so far.' : 'No row matches the filter.'}
      shown=${shown}
      rows=${matching(shown.value ?? [], text)}
      columns=${columns.map(columnOf)}
      keyOf=${JSON.stringify}
      filter=${`${text} ${hasAll}`}
      class="page-long"
    />
  <//>`;
}
