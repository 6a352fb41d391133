/** The buttons of a case: what can be done with it as it stands. */
import { useState } from 'preact/hooks';
import { html } from '../../http/public/core/html.js';
import { command, Who } from './desk.js';

const BUTTONS = {
  acknowledge: ['Take it', {}],
  'take-over': ['Take it over', {}],
  release: ['Give it back', {}],
  snooze: ['Snooze for a day', { for: '1d' }],
  confirm: ['It is fraud', {}],
  dismiss: ['False positive', {}],
};
const OF = {
  open: ['acknowledge', 'snooze', 'confirm', 'dismiss'],
  acknowledged: ['take-over', 'release', 'snooze', 'confirm', 'dismiss'],
  snoozed: ['acknowledge', 'release', 'confirm', 'dismiss'],
};

export function View({ id, state }) {
  const [said, setSaid] = useState('');
  const act = async (action) => {
    setSaid('Asking …');
    try {
      const { detail, state: now } = await command(`/api/v1/cases/${encodeURIComponent(id)}/actions`, {
        action,
        ...BUTTONS[action][1],
      });
      setSaid(`It is ${now} now. ${detail}`);
    } catch (error) {
      setSaid(error.message);
    }
  };
  const actions = OF[state] ?? [];
  return html`<p class="line" id="case-actions">
    ${actions.length > 0 && html`<${Who} />`}
    ${actions.map((action) => html`<button type="button" onClick=${() => act(action)}>${BUTTONS[action][0]}</button>`)}
    <span role="status">${said}</span>
  </p>`;
}
