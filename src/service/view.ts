/** The service as its HTTP side sees it. */
import type { ActorStatus, LiveEvent, ServiceView, StreamTableInfo } from '../http/view.ts';
import { recordColumns } from '../messages/record-columns.ts';
import type { StreamShape } from '../projections/stream-tables.ts';
import type { Service } from '../service.ts';
import { createBodyDecoder } from './body-decoder.ts';
import { createIngest } from './ingest.ts';
import type { PartitionUnit } from './partition-unit.ts';
import { ROOT } from './pipeline.ts';
import { tableShapes } from './read-models.ts';

const OVERVIEW_EVERY_MS = 1000;
const WINDOWS_EVERY_MS = 1000;
/** Windows of one live event. */
const LIVE_WINDOWS = 120;

/** A body of 16 MiB is parsed in about a second. */
const PARSING_RETRY_SECONDS = 2;

export interface ServedView extends ServiceView {
  /** Takes no more events from now on; what is under way goes on. */
  close(): Promise<void>;
  /** After the last request: the threads that bodies are parsed in end. */
  end(): Promise<void>;
}

export function createView(service: Service): ServedView {
  const { config, observer, pipeline, readModels, root, runtime } = service;
  const bodies = runtime.startBodies();
  const ingests = new Map(
    [...pipeline.streams.values()].map((stream) => {
      const { intake } = stream;
      const decode = stream.config?.source.kind === 'http' ? createBodyDecoder(stream, bodies) : null;
      const ingest = createIngest({ intake, stalled: () => stalledLogs(stream.units)[0] ?? null });
      return [stream.name, { decode, ingest }] as const;
    }),
  );
  const tables = new Map(tableShapes(config).streams.map((shape) => [shape.name, tableInfo(shape)]));
  let closed = false;
  let ready = false;
  service.ready.then(() => {
    ready = true;
  });

  const actors = (): ActorStatus => ({
    path: ROOT,
    name: ROOT,
    kind: 'root',
    state: root.state(),
    restarts: 0,
    lastError: null,
    children: root.children?.() ?? [],
  });
  const publish = (event: LiveEvent): void => observer.publish(event);
  const stopOverview = runtime.every(OVERVIEW_EVERY_MS, () => {
    observer.tick();
    publish({ kind: 'overview', data: observer.overview() });
    publish({ kind: 'actors', data: actors() });
  });
  let asking = false;
  const stopWindows = runtime.every(WINDOWS_EVERY_MS, () => {
    if (asking || !ready) return;
    asking = true;
    Promise.all([readModels.stores.run({ kind: 'rows', model: 'windows', limit: LIVE_WINDOWS }), readModels.refresh()])
      .then(([rows]) => publish({ kind: 'window', data: [...rows].reverse() }))
      .catch((error: Error) => service.log.warn({ error: error.message }, 'the windows could not be read'))
      .finally(() => {
        asking = false;
      });
  });

  return {
    overview: () => observer.overview(),
    actors,
    rows: (model, { limit }) => readModels.stores.run({ kind: 'rows', model, limit }),
    streams: () =>
      [...pipeline.streams.values()].map(({ name, eventType, units, config: stream }) => ({
        name,
        schemaJson: eventType.json,
        partitions: units.length,
        source: stream?.source.kind ?? 'internal',
        table: tables.get(name) ?? null,
      })),
    streamRows: (stream, { limit }) => readModels.stores.run({ kind: 'streamRows', stream, limit }),
    async streamRow(stream, key) {
      const [row] = await readModels.stores.run({ kind: 'streamKey', stream, key });
      return row ?? null;
    },
    async ingest(stream, body) {
      const target = ingests.get(stream);
      if (target === undefined) return { kind: 'unknown-stream', known: [...ingests.keys()] };
      if (target.decode === null) {
        const source = config.streams.find(({ name }) => name === stream)?.source.kind ?? 'internal';
        return { kind: 'not-http', source };
      }
      if (closed) return { kind: 'stopping' };
      await service.ready;
      const parsed = await target.decode(body);
      if (parsed === 'busy') return { kind: 'busy', retryAfterSeconds: PARSING_RETRY_SECONDS };
      if (parsed.kind === 'too-many-refused') return { kind: parsed.kind, ...parsed.refused };
      if (parsed.kind !== 'parsed') return parsed;
      const { events, refused } = parsed;
      if (events === 0 && refused.count > 0) return { kind: 'nothing-decoded', ...refused };
      // A service that began to stop while the body was parsed takes nothing more.
      if (closed) return { kind: 'stopping' };
      return target.ingest.take(parsed);
    },
    async remove(stream, key, occurredAt) {
      const target = ingests.get(stream);
      const table = tables.get(stream);
      if (target === undefined || table === undefined) return { kind: 'unknown-stream', known: [...tables.keys()] };
      if (closed) return { kind: 'stopping' };
      await service.ready;
      const isText = table.columns.find(({ name }) => name === table.key)?.kind === 'text';
      if (!isText && !(/^-?\d+$/.test(key) && Number.isSafeInteger(Number(key))))
        return { kind: 'not-a-key', wanted: 'a whole number' };
      return target.ingest.remove({ key: isText ? key : Number(key), occurredAt: occurredAt ?? runtime.nowMs() });
    },
    requestAborted: () => observer.metrics.requestAborted(),
    subscribe: observer.subscribe,
    readiness() {
      const reasons = stalledLogs(pipeline.units);
      if (!ready) reasons.push('partitions are recovering');
      else if (closed) reasons.push('stopping');
      return { ready: reasons.length === 0, reasons };
    },
    metrics: () => observer.metrics.text(),
    async close() {
      closed = true;
      stopOverview();
      stopWindows();
    },
    end: () => bodies.close(),
  };
}

function tableInfo({ key, schema }: StreamShape): StreamTableInfo {
  return { key, columns: recordColumns(schema).map(({ path, kind }) => ({ name: path, kind })) };
}

/** Why logs can't be written for now. */
function stalledLogs(units: readonly PartitionUnit[]): string[] {
  return units.flatMap(({ log }) => {
    const state = log.state();
    return state.kind === 'stalled' ? [state.error.message] : [];
  });
}
