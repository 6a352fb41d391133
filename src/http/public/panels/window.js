/** One window; what it shows, with its chart, is loaded when it is opened. */
import { lazily } from '../view/lazy.js';

export const windowPanel = {
  id: 'window',
  title: 'Results',
  on: { '/windows/:window': { order: 10 } },
  view: lazily(() => import('../view/window.js')),
};
