/** The state machines of actors, with the states that they are in; loaded when the page of actors is opened. */
import { lazily } from '../view/lazy.js';

export const machinesPanel = {
  id: 'machines',
  title: 'State machines',
  on: { '/actors': { order: 15 } },
  view: lazily(() => import('../view/machines.js')),
};
