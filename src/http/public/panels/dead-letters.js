/** Dead letters; what the panel shows is loaded when it is opened. */
import { lazily } from '../view/lazy.js';

export const deadLettersPanel = {
  id: 'dead-letters',
  title: 'Dead letters',
  on: { '/quality': { order: 10 }, '/streams/:stream': { order: 30 } },
  view: lazily(() => import('../view/dead-letters.js')),
};
