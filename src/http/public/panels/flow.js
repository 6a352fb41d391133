/** The topology with its operators, and how each goes; loaded when its page is opened. */
import { lazily } from '../view/lazy.js';

export const flowPanel = {
  id: 'flow',
  title: 'Sources, operators, stores',
  on: { '/topology': { order: 10 } },
  view: lazily(() => import('../view/flow.js')),
};
