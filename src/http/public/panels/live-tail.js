/** Events of a stream as they come, and the one at an offset; loaded when a stream's page is opened. */
import { lazily } from '../view/lazy.js';

export const liveTailPanel = {
  id: 'live-tail',
  title: 'Live tail',
  on: { '/streams/:stream': { order: 15 } },
  view: lazily(() => import('../view/live-tail.js')),
};
