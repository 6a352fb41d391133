/** What something came of, and what came of it: from an alert, a window's result, or an event in its place. */
import { lazily } from '../view/lazy.js';

export const explainPage = { address: '/explain', title: 'Explain', nav: { group: 'flow', order: 50 } };
export const explainPanel = {
  id: 'explain',
  title: 'What came of what',
  on: { '/explain': { order: 10 } },
  view: lazily(() => import('../view/explain.js')),
};
