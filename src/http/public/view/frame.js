/** The frame of a panel: its title, what is to be said of it, its tools, and what it shows. One that fails fails alone. */
import { useErrorBoundary } from 'preact/hooks';
import { html } from '../core/html.js';
import { served } from '../core/place.js';

export function Frame({ panel, title = panel.title, note, tools, children }) {
  const id = `panel-${panel.id}`;
  return html`<section id=${panel.id} class="panel" aria-labelledby=${id}>
    <header>
      <h2 id=${id}>${title}</h2>
      <p class="note">${note}</p>
      <div class="tools">${tools}</div>
    </header>
    ${children}
  </section>`;
}

/** A panel with a bound around what can go wrong in it. */
export function Bounded({ panel, ...given }) {
  const [error, again] = useErrorBoundary((caught) => console.error(caught));
  if (error === undefined || error === null) return html`<${panel.view} panel=${panel} ...${given} />`;
  return html`<${Frame} panel=${panel}>
    <p class="empty" role="alert">
      ✕ This panel could not be drawn: ${error.message} <button type="button" onClick=${again}>Try again</button>
    </p>
  <//>`;
}

/** Links to all of a table; `path` is that of the API. */
export function Exports({ path, name, all = false }) {
  const join = path.includes('?') ? '&' : '?';
  const csv = served(`${path}${join}format=csv${all ? '' : '&limit=1000'}`);
  const title = all ? 'All of it' : 'The newest 1,000';
  return html`<a href=${csv} download title=${title}>CSV</a>
    <a href=${served(`${path}${join}limit=1000`)} download="${name}.json" title="The newest 1,000">JSON</a>`;
}
