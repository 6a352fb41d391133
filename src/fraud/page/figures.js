/** The headline numbers of fraud detection. */
import { count, exact } from '../../http/public/core/format.js';
import { html } from '../../http/public/core/html.js';
import { to } from '../../http/public/core/router.js';

export const figures = [
  {
    order: 40,
    of: ({ alerts, sinceStart }) => ({
      name: 'Alerts',
      value: count(alerts),
      title: exact(alerts),
      extra: html`<a href=${to('/alerts')}>in all</a>, ${count(sinceStart.alerts)} since the start`,
    }),
  },
  {
    order: 50,
    of: ({ openCases }) => ({
      name: 'Open cases',
      value: count(openCases),
      title: exact(openCases),
      extra: html`<a href=${to('/cases')}>the cases</a>`,
    }),
  },
];
