/** What fraud detection adds to the page: alerts, cases and sessions. The document names this module when the pipeline has it. */
import { contribute } from '../../http/public/core/contributions.js';
import { alertsPanel } from './alerts.js';
import { casePanel } from './case.js';
import { casesPanel } from './cases.js';
import { figures } from './figures.js';
import { customerPanel, customersPanel, modelsPanel, rulesPanel } from './lazy-panels.js';
import { sessionsPanel } from './sessions.js';

contribute({
  pages: [
    { address: '/alerts', title: 'Alerts', was: ['alerts'], nav: { group: 'domain', order: 10 } },
    { address: '/cases', title: 'Cases', was: ['cases'], wasDetail: 'cases', nav: { group: 'domain', order: 20 } },
    {
      address: '/cases/:case',
      title: 'Case',
      titleOf: (params) => `Case ${params.case}`,
      under: '/cases',
      underTitle: 'Cases',
    },
    { address: '/rules', title: 'Rules', nav: { group: 'domain', order: 25 } },
    { address: '/models', title: 'Models', nav: { group: 'domain', order: 27 } },
    { address: '/customers', title: 'Customers', nav: { group: 'domain', order: 28 } },
    {
      address: '/customers/:customer',
      title: 'Customer',
      titleOf: (params) => `Customer ${params.customer}`,
      under: '/customers',
      underTitle: 'Customers',
    },
    { address: '/sessions', title: 'Sessions', was: ['sessions'], nav: { group: 'domain', order: 30 } },
  ],
  panels: [alertsPanel, casesPanel, casePanel, rulesPanel, modelsPanel, customersPanel, customerPanel, sessionsPanel],
  figures,
  kinds: ['alert', 'session'],
});
