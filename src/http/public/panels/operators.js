/** Operators of users: what each holds, and how often its code failed. */
import { bytes, exact } from '../core/format.js';
import { html } from '../core/html.js';
import { overviewSource } from '../core/sources.js';
import { useSource } from '../core/store.js';
import { Frame } from '../view/frame.js';
import { Table } from '../view/table.js';

export const operatorsPanel = {
  id: 'operators',
  title: 'Operators',
  on: { '/': { order: 35, width: 'main' }, '/topology': { order: 20 } },
  shows: ({ operators }) => operators.length > 0,
  view: Operators,
};

const COLUMNS = [
  { head: 'Operator', cell: (row) => html`<span class="long">${row.operator}</span>` },
  { head: 'Keys', number: true, cell: (row) => exact(row.keys) },
  {
    head: 'State',
    number: true,
    cell: (row) => html`<span title="Bytes of Avro, estimated">${bytes(row.bytes)}</span>`,
  },
  { head: 'Failed since the start', number: true, cell: (row) => exact(row.failed) },
];

function Operators({ panel }) {
  const { value: overview, status } = useSource(overviewSource);
  return html`<${Frame} panel=${panel} note="what they hold, and the calls that became dead letters">
    <${Table} caption="Operators of the pipeline" empty="None has run yet." shown=${{ status, value: overview.operators }} columns=${COLUMNS} keyOf=${(row) => row.operator} />
  <//>`;
}
