/**
 * Routes to look into a running service: events in their places, statements, settings, state machines, dead letters.
 */
import { machinePictures } from '../actors/machine-pictures.ts';
import type { Target } from '../channel/channel-commands.ts';
import { runningTarget } from '../channel/running-target.ts';
import type { Setting } from '../config/settings.ts';
import { json } from '../http/operations.ts';
import { type Route, uncached } from '../http/route.ts';
import { openPassingReader } from '../journal/open-reader.ts';
import { logPlace } from '../messages/log-name.ts';
import type { Service } from '../service.ts';
import { eventRoutes } from './event-routes.ts';
import { queryRoutes } from './query-routes.ts';
import { createRunQuery } from './query-run.ts';
import { replayRoute } from './replay-route.ts';
import { createSavedQueries, writtenQuery } from './saved-queries.ts';
import type { ReadStream } from './stream-events.ts';

export function lookRoutes(service: Service, settings: readonly Setting[], deadlineMs: number): readonly Route[] {
  const { config, pipeline, operations, platform, readModels } = service;
  const saved = createSavedQueries({
    nowMs: platform.nowMs,
    read: (sql) => readModels.stores.of('sqlite').read({ kind: 'query', sql }),
    write: (event) => operations.write(0, [writtenQuery(event)]),
  });
  const streams = (): ReadonlyMap<string, ReadStream> =>
    new Map(
      config.streams.flatMap(({ name, key, eventTime }) => {
        const running = pipeline.streams.get(name);
        if (running === undefined) return [];
        const { eventType, units } = running;
        const logs = units.map(({ log }) => {
          return { log: log.name, partition: logPlace(log.name)?.partition ?? 0, end: log.durableOffset() };
        });
        return [[name, { record: eventType.name, schema: eventType.schema, timeField: eventTime, key, logs }] as const];
      }),
    );
  const journal = { reader: openPassingReader(pipeline.journalPlace), registry: pipeline.registry };
  return [
    ...eventRoutes({ journal, streams }, deadlineMs),
    ...queryRoutes(createRunQuery(asItStands(service), platform.nowMs), saved),
    replayRoute(runningTarget(service)),
    settingsRoute(() => settings),
    machinesRoute(),
  ];
}

/** Whoever looks wants an answer now: what the read models lack is said, and not waited for. */
function asItStands(service: Service): Target {
  const target = runningTarget(service);
  return { ...target, caughtUp: (_, context) => target.caughtUp(0, context) };
}

export function settingsRoute(settings: () => readonly Setting[]): Route {
  return {
    method: 'GET',
    path: '/api/v1/settings',
    role: 'viewer',
    operation: {
      summary: 'The configuration as it stands: each setting with its value, secrets redacted, and who set it',
      responses: { 200: json('path, value as JSON, source, description') },
    },
    answer: (c) => uncached(c, settings()),
  };
}

export function machinesRoute(): Route {
  const pictures = machinePictures();
  return {
    method: 'GET',
    path: '/api/v1/actor-machines',
    role: 'viewer',
    operation: {
      summary: 'The state machines of actors: states, transitions, and the kinds of actors that run each',
      responses: { 200: json('Machines') },
    },
    answer: (c) => uncached(c, pictures),
  };
}
