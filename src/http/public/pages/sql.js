/** The console: one statement at a time, and saved ones. */
import { lazily } from '../view/lazy.js';

export const sqlPage = { address: '/sql', title: 'SQL', nav: { group: 'service', order: 27 } };
export const sqlPanel = {
  id: 'sql',
  title: 'Query',
  on: { '/sql': { order: 10 } },
  view: lazily(() => import('../view/sql.js')),
};
