/** Who looks, where there are tokens: their name and role, and the way in and out. */
import { useEffect, useState } from 'preact/hooks';
import { html } from '../core/html.js';
import { getJson, loginAddress, post } from '../core/place.js';

export function View() {
  const [who, know] = useState(null);
  useEffect(() => void getJson('/api/v1/session').then(know, () => {}), []);
  if (who === null) return null;
  const { name, role, expiresAt } = who;
  if (name === null) return html`<a href=${loginAddress()} title="Without a token one may only read here">Log in</a>`;
  const title = `${name} has the role ${role}`;
  // Known by a header that the browser sends, and not by a session.
  if (expiresAt === null) return html`<span class="muted" title=${title}>${name}</span>`;
  const leave = () => post('/api/v1/session', {}, 'DELETE').finally(() => location.assign(loginAddress()));
  return html`<button type="button" title="${title}. Log out" onClick=${leave}>${name} ⏻<span class="hidden"> Log out</span></button>`;
}
