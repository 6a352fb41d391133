/** The configuration as it stands, and who set what of it. */
import { lazily } from '../view/lazy.js';

export const settingsPage = { address: '/settings', title: 'Settings', nav: { group: 'service', order: 50 } };
export const settingsPanel = {
  id: 'settings',
  title: 'As it stands',
  on: { '/settings': { order: 10 } },
  view: lazily(() => import('../view/settings.js')),
};
