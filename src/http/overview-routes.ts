/** What a service is and how it goes: its overview and its actors. */
import type { LiveHub } from './live-hub.ts';
import { json } from './operations.ts';
import { type Route, uncached } from './route.ts';
import type { ServiceView } from './view.ts';

export function overviewRoutes(view: ServiceView, hub: LiveHub): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/overview',
      role: 'viewer',
      operation: {
        summary: 'Topology, rates and headline numbers; x-event-id is where /events stands',
        responses: { 200: json('Overview') },
      },
      answer: (c) => uncached(c, view.overview(), { 'x-event-id': hub.position() }),
    },
    {
      method: 'GET',
      path: '/api/v1/actors',
      role: 'viewer',
      operation: { summary: 'The tree of actors', responses: { 200: json('The root actor') } },
      answer: (c) => uncached(c, view.actors()),
    },
  ];
}
