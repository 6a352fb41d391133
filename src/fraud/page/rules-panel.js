/** The panel of rules; what it shows is loaded when it is opened. */
import { html } from '../../http/public/core/html.js';
import { Frame } from '../../http/public/view/frame.js';
import { lazily } from '../../http/public/view/lazy.js';

const Rules = lazily(() => import('./rules.js'));

export const rulesPanel = {
  id: 'rules',
  title: 'Rules',
  on: { '/rules': { order: 10 } },
  view: ({ panel }) => html`<${Frame} panel=${panel}><${Rules} /><//>`,
};
