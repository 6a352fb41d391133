/** Each setting with its value and who set it: a line of the file, a variable of the environment, an option, or nobody. */
import { useState } from 'preact/hooks';
import { amount } from '../core/format.js';
import { html } from '../core/html.js';
import { getJson, served } from '../core/place.js';
import { useSource } from '../core/store.js';
import { Filter, matching } from './filter.js';
import { Frame } from './frame.js';
import { Short } from './marks.js';
import { Table } from './table.js';

const source = { id: 'settings', read: () => getJson('/api/v1/settings') };

const COLUMNS = [
  { head: 'Setting', cell: (row) => html`<span class="mono long" title=${row.description}>${row.path}</span>` },
  { head: 'Value', cell: (row) => html`<code><${Short} value=${row.value} /></code>` },
  {
    head: 'Set by',
    cell: (row) => html`<span class=${row.source === 'default' ? 'muted' : 'mono'}>${row.source}</span>`,
  },
  { head: 'What for', cell: (row) => html`<span class="long">${row.description}</span>` },
];

export function View({ panel }) {
  const shown = useSource(source);
  const [hasDefaults, setDefaults] = useState(false);
  const [text, setText] = useState('');
  const all = shown.value ?? [];
  const rows = matching(all, text).filter((row) => hasDefaults || row.source !== 'default');
  const tools = html`<label><input type="checkbox" checked=${hasDefaults} onChange=${(event) => setDefaults(event.target.checked)} /> defaults too</label>
    <${Filter} label="Filter settings" value=${text} onText=${setText} />
    <a href=${served('/api/v1/settings')} download="settings.json">JSON</a>`;
  const note = `${amount(all.length, 'setting')}, secrets left out`;
  return html`<${Frame} panel=${panel} note=${note} tools=${tools}>
    <${Table}
      caption="Settings of the service"
      empty=${all.length === 0 ? 'The service was started without a file.' : 'No setting is such.'}
      shown=${shown}
      rows=${rows}
      columns=${COLUMNS}
      keyOf=${(row) => row.path}
      filter=${`${text} ${hasDefaults}`}
      class="page-long"
    />
  <//>`;
}
