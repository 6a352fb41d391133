/** The panel of models; what it shows is loaded when it is opened. */
import { html } from '../../http/public/core/html.js';
import { Frame } from '../../http/public/view/frame.js';
import { lazily } from '../../http/public/view/lazy.js';

const Models = lazily(() => import('./models.js'));

export const modelsPanel = {
  id: 'models',
  title: 'Models',
  on: { '/models': { order: 10 } },
  view: ({ panel }) => html`<${Frame} panel=${panel}><${Models} /><//>`,
};
