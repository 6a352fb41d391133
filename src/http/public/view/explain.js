/** An explanation: itself, what it came of, what was weighed with that, and what it caused, each in its place of the journal. */
import { useEffect, useState } from 'preact/hooks';
import { amount, exact } from '../core/format.js';
import { html } from '../core/html.js';
import { getJson, served } from '../core/place.js';
import { setQuery, useRoute } from '../core/router.js';
import { explained } from './explain-link.js';
import { Frame } from './frame.js';
import { Short, Time } from './marks.js';
import { Table } from './table.js';

const WORDS = {
  itself: 'what was asked about',
  input: 'what it was made of',
  context: 'weighed with the input',
  effect: 'what it caused',
};

const COLUMNS = [
  { head: 'Relation', cell: (row) => html`<strong title=${WORDS[row.relation]}>${row.relation}</strong>` },
  {
    head: 'Place',
    cell: (row) =>
      html`<a class="mono" href=${explained(null, row.stream, row.partition, row.offset)}>${row.stream}/${row.partition}/${row.offset}</a>`,
  },
  { head: 'Type', cell: (row) => row.type },
  { head: 'Event time', cell: (row) => html`<${Time} at=${row.time} />` },
  { head: 'Event', cell: (row) => html`<code class="long"><${Short} value=${JSON.stringify(row.event)} /></code>` },
];

export function View({ panel }) {
  const { query } = useRoute();
  const of = new URLSearchParams(query).get('of') ?? '';
  const [shown, setShown] = useState({ status: 'ready' });
  useEffect(() => {
    if (of === '') return undefined;
    let isOver = false;
    const show = (next) => isOver || setShown(next);
    show({ status: 'loading' });
    getJson(addressOf(of)).then(
      (value) => show({ status: 'ready', value }),
      (error) => show({ status: 'failed', error }),
    );
    return () => {
      isOver = true;
    };
  }, [of]);
  const { value } = shown;
  const tools = of !== '' && html`<a href=${served(addressOf(of))} download="explanation.json">JSON</a>`;
  const note =
    value === undefined ? '' : `${amount(value.inputs, 'input')}, ${exact(value.events.length)} events shown`;
  return html`<${Frame} panel=${panel} note=${note} tools=${tools}>
    <${Ask} key=${of} of=${of} />
    ${(value?.notes ?? []).map((text) => html`<p class="gone" role="status">▲ ${text}</p>`)}
    ${
      of !== '' &&
      html`<${Table}
        caption="What ${of} came of, and what came of it"
        empty="Nothing is known of it."
        shown=${shown}
        rows=${value?.events ?? []}
        columns=${COLUMNS}
        keyOf=${(row) => `${row.relation}|${row.stream}|${row.partition}|${row.offset}`}
        filter=${of}
        class="page-long"
      />`
    }
  <//>`;
}

function Ask({ of }) {
  const [text, setText] = useState(of);
  const ask = (event) => {
    event.preventDefault();
    setQuery({ of: text.trim() });
    dispatchEvent(new PopStateEvent('popstate'));
  };
  return html`<form class="ask" onSubmit=${ask}>
    <label
      >Alert, window result or event
      <input
        type="search"
        size="44"
        value=${text}
        placeholder="alert:ID, window:NAME/KEY/START or STREAM/PARTITION/OFFSET"
        onInput=${(event) => setText(event.target.value)}
    /></label>
    <button type="submit">Explain</button>
  </form>`;
}

/** The key of a window may have slashes: its name is before the first, its start behind the last. */
function addressOf(of) {
  const base = '/api/v1/explain';
  if (of.startsWith('alert:')) return `${base}/alerts/${encodeURIComponent(of.slice(6))}`;
  if (of.startsWith('window:')) {
    const text = of.slice(7);
    const [first, last] = [text.indexOf('/'), text.lastIndexOf('/')];
    const [name, key, start] = [text.slice(0, first), text.slice(first + 1, last), text.slice(last + 1)];
    const query = key === '' ? '' : `?key=${encodeURIComponent(key)}`;
    return `${base}/windows/${encodeURIComponent(name)}/${encodeURIComponent(start)}${query}`;
  }
  return `${base}/events/${of.split('/').map(encodeURIComponent).join('/')}`;
}
