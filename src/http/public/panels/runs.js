/** Jobs and their runs; what the panels show is loaded when the page is opened. */
import { html } from '../core/html.js';
import { Exports, Frame } from '../view/frame.js';
import { lazily } from '../view/lazy.js';

const Jobs = lazily(() => import('../view/jobs.js'));
const Runs = lazily(() => import('../view/runs.js'));
const Run = lazily(() => import('../view/run.js'));
const tools = html`<${Exports} path="/api/v1/runs" name="runs" />`;

export const runsPanels = [
  {
    id: 'jobs',
    title: 'Jobs',
    on: { '/jobs': { order: 10 } },
    view: ({ panel }) => html`<${Frame} panel=${panel}><${Jobs} /><//>`,
  },
  {
    id: 'runs',
    title: 'Runs',
    on: { '/jobs': { order: 20 } },
    view: ({ panel }) => html`<${Frame} panel=${panel} tools=${tools}><${Runs} /><//>`,
  },
  {
    id: 'run',
    title: 'Steps and attempts',
    on: { '/jobs/:job/runs/:run': { order: 10 } },
    view: ({ panel, params }) => html`<${Frame} panel=${panel}><${Run} ...${params} /><//>`,
  },
];
