/** The panels of rules and of models; what they show is loaded when they are opened. */
import { html } from '../../http/public/core/html.js';
import { Frame } from '../../http/public/view/frame.js';
import { lazily } from '../../http/public/view/lazy.js';

const panelOf = (id, title, View) => ({
  id,
  title,
  on: { [`/${id}`]: { order: 10 } },
  view: ({ panel }) => html`<${Frame} panel=${panel}><${View} /><//>`,
});

export const rulesPanel = panelOf(
  'rules',
  'Rules',
  lazily(() => import('./rules.js')),
);
export const modelsPanel = panelOf(
  'models',
  'Models',
  lazily(() => import('./models.js')),
);
