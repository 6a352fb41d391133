/** Dead letters: what was refused, why, and as it came. On a stream's page only its own. */
import { useState } from 'preact/hooks';
import { exact } from '../core/format.js';
import { html } from '../core/html.js';
import { post } from '../core/place.js';
import { deadLettersSource, overviewSource } from '../core/sources.js';
import { useSource } from '../core/store.js';
import { Filter, matching } from './filter.js';
import { Exports, Frame } from './frame.js';
import { Table } from './table.js';

const RAW_CHARACTERS = 28;
const idOf = (row) => `dead-letters/${row.stream}/${row.offset}`;

const COLUMNS = [
  {
    head: 'Stream and source',
    cell: (row) => html`<a class="long" href="#${idOf(row)}">${row.stream} @ ${row.offset}</a>
      <div class="muted">from ${row.source} : ${row.position}</div>`,
  },
  {
    head: 'What was wrong',
    cell: (row) => html`<code>${row.reason}</code><div class="detail">${row.detail}</div>`,
  },
  { head: 'As it came', cell: (row) => html`<${Raw} text=${String(row.raw ?? '')} />` },
  {
    head: 'Again',
    cell: (row) => html`<${Replay} key=${`${row.log}:${row.offset}`} id=${`${row.log}:${row.offset}`} />`,
  },
];

/** Takes it as its source would read it today: what still is wrong is said, and it stays a dead letter. */
function Replay({ id }) {
  const [said, say] = useState('');
  const replay = async () => {
    say('…');
    try {
      const [found] = await post('/api/v1/dead-letters/replay', { ids: [id] });
      say(found === undefined ? 'it was taken before' : `${found.outcome} ${found.detail}`);
    } catch (error) {
      say(`▲ ${error.message}`);
    }
  };
  return html`<button type="button" aria-label="Replay ${id}" onClick=${replay}>Replay</button> <span role="status">${said}</span>`;
}

function Raw({ text }) {
  if (text.length <= RAW_CHARACTERS) return html`<code>${text === '' ? '(empty)' : text}</code>`;
  return html`<details>
    <summary><code>${text.slice(0, RAW_CHARACTERS - 4)}…</code></summary>
    <pre>${text}</pre>
  </details>`;
}

export function View({ panel, params, pipeline }) {
  const shown = useSource(deadLettersSource);
  const { value: overview } = useSource(overviewSource);
  const [text, setText] = useState('');
  const all = shown.value ?? [];
  const rows = params.stream === undefined ? all : all.filter(({ stream }) => stream === params.stream);
  const found = matching(rows, text);
  const total = overview.deadLetters === null ? '' : `${exact(overview.deadLetters)} in all; `;
  const of = params.stream === undefined ? `the latest ${all.length}` : `the latest ${all.length} of all streams`;
  const tools = html`<${Filter} label="Filter dead letters" value=${text} onText=${setText} />
    <${Exports} path="/api/v1/dead-letters" name="dead-letters" />`;
  return html`<${Frame} panel=${panel} note=${all.length === 0 ? '' : `${total}${found.length} of ${of} shown`} tools=${tools}>
    ${topicsOf(pipeline, params.stream).map((topic) => html`<p class="muted" key=${topic}>In the topic <code>${topic}</code> too: <code>millrace dlq list --topic ${topic}</code></p>`)}
    <${Table}
      caption="Dead letters, newest first"
      empty=${emptyWords(all, rows, text)}
      shown=${shown}
      rows=${found}
      columns=${COLUMNS}
      keyOf=${deadLettersSource.key}
      idOf=${idOf}
      section="dead-letters"
      filter=${text}
      class="tall"
    />
  <//>`;
}

/** Of Kafka, into which a sink sends them. */
function topicsOf({ deadLetterTopics }, stream) {
  const own = deadLetterTopics.filter(({ streams }) => stream === undefined || streams.includes(stream));
  return own.map(({ topic }) => topic);
}

function emptyWords(all, rows, text) {
  if (rows.length > 0 && text !== '') return 'None of them matches the filter.';
  if (all.length > 0) return 'None of the latest dead letters is of this stream.';
  return 'No dead letters: everything that came in could be decoded and passed validation.';
}
