/** The panels of rules, of models and of customers; what they show is loaded when they are opened. */
import { html } from '../../http/public/core/html.js';
import { Frame } from '../../http/public/view/frame.js';
import { lazily } from '../../http/public/view/lazy.js';

const panelOf = (id, title, View, address = `/${id}`) => ({
  id,
  title,
  on: { [address]: { order: 10 } },
  view: ({ panel, params }) => html`<${Frame} panel=${panel}><${View} params=${params} /><//>`,
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
export const customersPanel = panelOf(
  'customers',
  'Customers',
  lazily(() => import('./customers.js')),
);
export const customerPanel = panelOf(
  'customer',
  'The customer',
  lazily(() => import('./customer.js')),
  '/customers/:customer',
);
