/** The state of a service: what its pipeline declares, its overview and its actors. */
import type { LiveHub } from './live-hub.ts';
import { json } from './operations.ts';
import { describedResult } from './result-routes.ts';
import { type Route, uncached } from './route.ts';
import { describedStream } from './stream-routes.ts';
import type { ServiceView } from './view.ts';

/** `hasTokens`: whether one can log in. */
export function overviewRoutes(view: ServiceView, hub: LiveHub, hasTokens: boolean): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/pipeline',
      role: 'viewer',
      operation: {
        summary: 'What the pipeline declares: streams, windows and joins, jobs, sinks, and modules of the page',
        responses: { 200: json('The pipeline') },
      },
      answer(c) {
        const { pageModules, ...declared } = view.pipeline();
        const windowsAndJoins = view.windowsAndJoins().map(describedResult);
        return uncached(c, {
          ...declared,
          hasTokens,
          streams: view.streams().map(describedStream),
          windowsAndJoins,
          // What it was called before derived streams were.
          derived: windowsAndJoins,
          pageModules: pageModules.map((place) => `/assets/${place}`),
        });
      },
    },
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
      path: '/api/v1/operators',
      role: 'viewer',
      operation: {
        summary:
          'What computes: each operator with its inputs and outputs, rates, keys, and the share of a core that it takes',
        responses: { 200: json('Operators') },
      },
      answer: (c) => uncached(c, view.operators()),
    },
    {
      method: 'GET',
      path: '/api/v1/sources',
      role: 'viewer',
      operation: {
        summary: 'How far each source is in what it reads: lag by partition, and what keeps it from going on',
        responses: { 200: json('Sources') },
      },
      answer: (c) => uncached(c, view.sources()),
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
