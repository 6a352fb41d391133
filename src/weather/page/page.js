/** What weather adds to the page. The document names this module when the pipeline has observations. */
import { contribute } from '../../http/public/core/contributions.js';
import { weatherPanel } from './weather.js';

contribute({
  pages: [{ address: '/weather', title: 'Weather', was: ['weather'], nav: { group: 'domain', order: 60 } }],
  panels: [weatherPanel],
});
