/**
 * A search for results by key and time, whose answer stands in the address, so that it can be sent on; and the pages of its
 * answer, by cursor, so that what comes meanwhile moves no row.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from '../core/html.js';
import { searchResults } from '../core/results.js';
import { setQuery } from '../core/router.js';

const REST_MS = 300;
const AGAIN_MS = 3_000;
const NOTHING = { key: '', from: '', to: '' };

/** `news` is another object when there may be new results. */
export function useSearch(own, news) {
  const [asked, setAsked] = useState(() => ({
    ...NOTHING,
    ...Object.fromEntries(new URLSearchParams(location.search)),
  }));
  const [answer, setAnswer] = useState(null);
  const turn = useRef(0);
  const [askedNews, setAskedNews] = useState(news);
  const isAsked = Object.values(asked).some((value) => value !== '');

  useEffect(() => {
    setQuery(asked);
    turn.current += 1;
    if (!isAsked) {
      setAnswer(null);
      return undefined;
    }
    const timer = setTimeout(() => run(own, asked, null, [], turn, setAnswer), REST_MS);
    return () => clearTimeout(timer);
  }, [asked, askedNews]);
  // A search goes on while its window does, but not while one reads on in it.
  useEffect(() => {
    if (!isAsked || answer?.pages > 1) return undefined;
    const timer = setTimeout(() => setAskedNews(news), AGAIN_MS);
    return () => clearTimeout(timer);
  }, [news, answer]);

  const more = () => {
    turn.current += 1;
    run(own, asked, answer.next, answer.rows, turn, setAnswer);
  };
  return { asked, answer, set: (part) => setAsked((was) => ({ ...was, ...part })), more };
}

async function run(own, asked, cursor, before, turn, setAnswer) {
  const own_turn = turn.current;
  let next;
  try {
    const found = await searchResults(own, asked, cursor);
    const pages = cursor === null ? 1 : 2;
    next = { status: 'ready', rows: [...before, ...found.rows], next: found.next, pages };
  } catch (error) {
    next = { status: 'failed', rows: before, next: null, error, pages: 1 };
  }
  // Something else has been asked meanwhile.
  if (turn.current === own_turn) setAnswer(next);
}

export function SearchFields({ own, search: { asked, set } }) {
  const field = (name, label, placeholder, size) => html`<label>
    <span class="hidden">${label}</span>
    <input
      type="search"
      size=${size}
      placeholder=${placeholder}
      title=${label}
      value=${asked[name]}
      onInput=${(event) => set({ [name]: event.target.value.trim() })}
    />
  </label>`;
  return html`${own.key !== null && field('key', `Search ${own.name} by ${own.key}`, 'Key begins with', 14)}
    ${field('from', 'From, such as 2018-04-01T00:00:00Z', 'From 2018-04-01T00:00Z', 21)}
    ${field('to', 'Before, such as 2018-04-02T00:00:00Z', 'Before', 21)}`;
}

export const More = ({ search: { answer, more } }) =>
  answer?.next ? html`<p class="more"><button type="button" onClick=${more}>Older results</button></p>` : null;
