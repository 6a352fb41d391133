/** What a person does from the page: commands, and by what name. */
import { html } from '../../http/public/core/html.js';
import { served } from '../../http/public/core/place.js';

const NAME = 'millrace.by';

const nameOfUser = () => localStorage.getItem(NAME) ?? '';

/** Who asks; remembered by the browser. */
export function Who() {
  const keep = (event) => localStorage.setItem(NAME, event.target.value.trim());
  return html`<label><span class="hidden">Your name</span>
    <input placeholder="your name" value=${nameOfUser()} onInput=${keep} size="12" /></label>`;
}

/** Throws an error with what the server says. */
export async function command(path, body, method = 'POST') {
  const answer = await fetch(served(path), {
    method,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ by: nameOfUser(), ...body }),
  });
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said;
  throw new Error(said.message ?? `The service answered ${answer.status}.`);
}
