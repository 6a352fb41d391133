/** The newest events of a stream that an expression keeps, as they come; older ones by a button, and one by its place. */
import { useEffect, useState } from 'preact/hooks';
import { exact } from '../core/format.js';
import { html } from '../core/html.js';
import { ask, served } from '../core/place.js';
import { overviewSource } from '../core/sources.js';
import { useSource } from '../core/store.js';
import { explained } from './explain-link.js';
import { Frame } from './frame.js';
import { Time } from './marks.js';
import { Failure, Table } from './table.js';

const REST_MS = 300;
const NOTHING = { where: '', key: '', partition: '', offset: '' };

const COLUMNS = [
  {
    head: 'Place',
    cell: (row) =>
      html`<a class="mono" title="What came of it" href=${explained(null, row.stream, row.partition, row.offset)}>${row.partition} @ ${exact(row.offset)}</a>`,
  },
  { head: 'Event time', cell: (row) => html`<${Time} at=${row.time} />` },
  { head: 'On disk', cell: (row) => html`<${Time} at=${row.committedAt} />` },
  { head: 'Event', cell: (row) => html`<code class="long">${JSON.stringify(row.event)}</code>` },
];

export function View({ panel, params, pipeline }) {
  const stream = pipeline.streams.find(({ name }) => name === params.stream);
  return stream === undefined ? null : html`<${Tail} panel=${panel} stream=${stream} />`;
}

function Tail({ panel, stream }) {
  const [asked, setAsked] = useState(NOTHING);
  const [isLive, setLive] = useState(true);
  const [answer, setAnswer] = useState({ status: 'loading' });
  const { value: overview } = useSource(overviewSource);
  const isOlder = answer.older === true;
  // While one reads on in older events, what is new waits.
  const news = isLive && !isOlder ? overview?.eventsIn : null;
  const path = pathOf(stream, asked);
  useEffect(() => {
    let isOver = false;
    const timer = setTimeout(async () => {
      const next = await read(path);
      if (!isOver) setAnswer(next);
    }, REST_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [path, news]);
  const older = async () => {
    const next = await read(`${path}&cursor=${answer.next}`);
    setAnswer({ ...next, rows: [...answer.rows, ...(next.rows ?? [])], older: true });
  };
  const field = (name, label, size) => html`<label>
    <span class="hidden">${label}</span>
    <input type="search" size=${size} placeholder=${label} value=${asked[name]} onInput=${(event) => setAsked((was) => ({ ...was, [name]: event.target.value.trim() }))} />
  </label>`;
  const tools = html`${field('where', 'Where, such as amount > 5', 22)} ${field('key', 'Key', 10)}
    ${field('partition', 'Partition', 7)} ${field('offset', 'Offset', 9)}
    <label><input type="checkbox" checked=${isLive} onChange=${(event) => setLive(event.target.checked)} /> live</label>
    <a href=${served(path)} download="${stream.name}-events.json">JSON</a>`;
  const note = answer.looked === undefined ? '' : `${exact(answer.looked)} events looked at, newest first`;
  return html`<${Frame} panel=${panel} note=${note} tools=${tools}>
    ${answer.status === 'failed' && html`<${Failure} error=${answer.error} />`}
    ${
      answer.status !== 'failed' &&
      html`<${Table}
        caption="Events of ${stream.name} in their places, newest first"
        empty="None of the events looked at is such."
        shown=${answer}
        rows=${answer.rows ?? []}
        columns=${COLUMNS}
        keyOf=${(row) => `${row.partition}|${row.offset}`}
        filter=${path + String(isOlder)}
        class="tall"
      />`
    }
    ${answer.next && html`<p class="more"><button type="button" onClick=${older}>Older events</button> ${isOlder && html`<button type="button" onClick=${() => setAnswer({ status: 'loading' })}>Back to the newest</button>`}</p>`}
  <//>`;
}

function pathOf({ name }, { where, key, partition, offset }) {
  const base = `/api/v1/streams/${encodeURIComponent(name)}/events`;
  if (offset !== '')
    return `${base}/${encodeURIComponent(partition === '' ? '0' : partition)}/${encodeURIComponent(offset)}`;
  const given = Object.entries({ where, key, partition }).filter(([, value]) => value !== '');
  return `${base}?${new URLSearchParams([['limit', '50'], ...given])}`;
}

async function read(path) {
  try {
    const answer = await ask(path);
    const value = await answer.json();
    const looked = answer.headers.get('x-looked');
    const more = looked === null ? {} : { looked: Number(looked) };
    return { status: 'ready', rows: [value].flat(), next: answer.headers.get('x-next-cursor'), ...more };
  } catch (error) {
    return { status: 'failed', error };
  }
}
