/** What a person does from the page: commands, and by what name. */
import { html } from '../../http/public/core/html.js';
import { post } from '../../http/public/core/place.js';

const NAME = 'millrace.by';

const nameOfUser = () => localStorage.getItem(NAME) ?? '';

/** Who asks; remembered by the browser. */
export function Who() {
  const keep = (event) => localStorage.setItem(NAME, event.target.value.trim());
  return html`<label><span class="hidden">Your name</span>
    <input placeholder="your name" value=${nameOfUser()} onInput=${keep} size="12" /></label>`;
}

/** Throws an error with what the server says. */
export const command = (path, body, method) => post(path, { by: nameOfUser(), ...body }, method);
