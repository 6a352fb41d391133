/** Suites of expectations; what it shows is loaded when it is opened. */
import { html } from '../core/html.js';
import { Frame } from '../view/frame.js';
import { lazily } from '../view/lazy.js';

const Suites = lazily(() => import('../view/suites.js'));

export const checksPanel = {
  id: 'checks',
  title: 'Suites',
  on: { '/quality': { order: 5 } },
  shows: ({ checks }) => checks.length > 0,
  view: ({ panel }) => html`<${Frame} panel=${panel}><${Suites} /><//>`,
};
