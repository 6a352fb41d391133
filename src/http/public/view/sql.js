/** One statement that reads, its rows, and saved statements. What is asked stands in the address, so that it can be sent on. */
import { useRef, useState } from 'preact/hooks';
import { amount } from '../core/format.js';
import { html } from '../core/html.js';
import { getJson, post, served } from '../core/place.js';
import { setQuery } from '../core/router.js';
import { tablesSource } from '../core/sources.js';
import { useSource } from '../core/store.js';
import { Frame } from './frame.js';
import { lazily } from './lazy.js';
import { Short } from './marks.js';
import { Table } from './table.js';

const Chart = lazily(() => import('./sql-chart.js'));
const LIMITS = [100, 1_000, 10_000];
/** More rows than a page can show at once are for a file. */
const SHOWN_ROWS = 1_000;
const savedSource = { id: 'saved-queries', read: () => getJson('/api/v1/queries') };
/** By store, what one may begin with. */
const FIRST = { duckdb: 'SELECT window_name, count(*) AS results\nFROM windows GROUP BY ALL ORDER BY 2 DESC' };
const SOME = "SELECT name, sql FROM sqlite_master WHERE type = 'table'";

export function View({ panel }) {
  const asked = new URLSearchParams(location.search);
  const [store, setStore] = useState(asked.get('store') ?? 'duckdb');
  const [sql, setSql] = useState(asked.get('sql') ?? FIRST.duckdb);
  const [limit, setLimit] = useState(LIMITS[0]);
  const [answer, setAnswer] = useState(null);
  const turn = useRef(0);
  const { value: tables = [] } = useSource(tablesSource);
  const stores = [...new Set([...tables.filter(({ isOff }) => !isOff).map((table) => table.store), 'jobs', store])];
  const address = `/api/v1/query?${new URLSearchParams({ store, sql, limit: String(limit) })}`;

  const run = async (event) => {
    event?.preventDefault();
    turn.current += 1;
    const own = turn.current;
    setQuery({ store, sql });
    setAnswer({ status: 'loading' });
    const next = await getJson(address).then(
      (value) => ({ status: 'ready', value }),
      (error) => ({ status: 'failed', error }),
    );
    // Something else has been asked meanwhile.
    if (turn.current === own) setAnswer(next);
  };
  const choose = (next) => {
    setStore(next);
    if (Object.values({ ...FIRST, SOME }).includes(sql)) setSql(FIRST[next] ?? SOME);
  };
  const onKeyDown = (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) run(event);
  };
  const tools = html`<a href=${served(`${address}&format=csv`)} download="query.csv">CSV</a>
    <a href=${served(address)} download="query.json">JSON</a>`;
  return html`<${Frame} panel=${panel} note="reads only; ended after 10 s" tools=${tools}>
      <form class="console" onSubmit=${run}>
        <label class="hidden" for="sql-text">Statement</label>
        <textarea id="sql-text" rows="6" spellcheck="false" value=${sql} onInput=${(event) => setSql(event.target.value)} onKeyDown=${onKeyDown} />
        <div class="line">
          <label>Store <select value=${store} onInput=${(event) => choose(event.target.value)}>
            ${stores.map((name) => html`<option value=${name} selected=${name === store}>${name}</option>`)}
          </select></label>
          <label>Rows <select onInput=${(event) => setLimit(Number(event.target.value))}>
            ${LIMITS.map((rows) => html`<option value=${rows} selected=${rows === limit}>${rows.toLocaleString('en')}</option>`)}
          </select></label>
          <button type="submit" title="Ctrl + Enter">Run</button>
          <${Save} store=${store} sql=${sql} />
        </div>
      </form>
      ${answer !== null && html`<${Answer} answer=${answer} />`}
    <//>
    <${Saved}
      onOpen=${(row) => {
        setStore(row.store);
        setSql(row.sql);
      }}
    />`;
}

function Answer({ answer }) {
  const [isDrawn, draw] = useState(false);
  const { value } = answer;
  const rows = (value?.rows ?? []).slice(0, SHOWN_ROWS).map((row, i) => ({ ...row, '#': i }));
  const isNumber = (name) =>
    rows.length > 0 && rows.every((row) => row[name] === null || typeof row[name] === 'number');
  const columns = (value?.columns ?? []).map((name) => ({
    head: name,
    number: isNumber(name),
    cell: (row) => html`<${Short} value=${row[name] === null ? null : String(row[name])} />`,
  }));
  return html`${
    value !== undefined &&
    html`<p class="muted" role="status">
        ${amount(value.rows.length, 'row')}${value.isCut ? ', and there are more' : ''}${value.rows.length > SHOWN_ROWS ? `, the first ${SHOWN_ROWS} shown` : ''},
        ${' '}${value.tookMs} ms${value.notes.map((note) => `; ${note}`)}
        ${' '}<button type="button" aria-pressed=${String(isDrawn)} onClick=${() => draw(!isDrawn)}>Chart</button>
      </p>
      ${isDrawn && html`<${Chart} answer=${{ ...value, rows: value.rows.slice(0, SHOWN_ROWS) }} />`}`
  }
    <${Table} caption="Rows of the statement" empty="No row." shown=${answer} rows=${rows} columns=${columns} keyOf=${(row) => row['#']} filter=${JSON.stringify(value?.columns)} class="page-long" />`;
}

/** Reads anew what has been saved. */
const reread = async () => savedChanged(await getJson('/api/v1/queries'));
let savedChanged = () => {};

function Save({ store, sql }) {
  const [name, setName] = useState('');
  const [said, say] = useState('');
  const save = async () => {
    try {
      await post(`/api/v1/queries/${encodeURIComponent(name.trim())}`, { store, sql }, 'PUT');
      say(`Saved as ${name.trim()}.`);
      await reread();
    } catch (error) {
      say(`▲ ${error.message}`);
    }
  };
  return html`<label>Name <input size="16" value=${name} onInput=${(event) => setName(event.target.value)} /></label>
    <button type="button" disabled=${name.trim() === ''} onClick=${save}>Save</button>
    <span role="status">${said}</span>`;
}

function Saved({ onOpen }) {
  const shown = useSource(savedSource);
  const [newer, setNewer] = useState(null);
  savedChanged = setNewer;
  const rows = newer ?? shown.value ?? [];
  const remove = async ({ name }) => {
    await post(`/api/v1/queries/${encodeURIComponent(name)}`, {}, 'DELETE');
    await reread();
  };
  const columns = [
    {
      head: 'Name',
      cell: (row) => html`<button type="button" class="link" onClick=${() => onOpen(row)}>${row.name}</button>`,
    },
    { head: 'Store', cell: (row) => row.store },
    { head: 'Statement', cell: (row) => html`<code><${Short} value=${row.sql} /></code>` },
    {
      head: 'Action',
      cell: (row) =>
        html`<button type="button" aria-label="Remove ${row.name}" onClick=${() => remove(row)}>Remove</button>`,
    },
  ];
  const panel = { id: 'saved-queries', title: 'Saved queries' };
  return html`<${Frame} panel=${panel}>
    <${Table} caption="Statements by name" empty="None is saved." shown=${shown} rows=${rows} columns=${columns} keyOf=${(row) => row.name} filter=${JSON.stringify(rows)} />
  <//>`;
}
