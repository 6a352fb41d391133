/** The service as its HTTP side sees it. */
import { createHash } from 'node:crypto';
import { outputNames } from '../config/config.ts';
import { type CaseFile, caseFile } from '../fraud/case-file.ts';
import { type DeclaredRule, ruleReport } from '../fraud/desk/rule-report.ts';
import type { ActorStatus, LiveEvent, PipelineInfo, ServiceView, StreamTableInfo } from '../http/view.ts';
import { recordColumns } from '../messages/record-columns.ts';
import { RESULTS_STORE } from '../projections/engine-tables.ts';
import type { Row, StoreQuery } from '../projections/store.ts';
import { STREAM_KEYS_STORE, STREAM_ROWS_STORE } from '../projections/stream-queries.ts';
import type { StreamShape } from '../projections/stream-tables.ts';
import type { PartitionUnit } from '../service/partition-unit.ts';
import { ROOT } from '../service/pipeline.ts';
import { tableShapes } from '../service/read-models.ts';
import type { Service } from '../service.ts';
import type { SourceStatus } from '../sources/source.ts';
import { keyOfText, writtenAs } from '../streams/field-key.ts';
import { createBodyDecoder } from './body-decoder.ts';
import { deadLetterTopics } from './dead-letter-topics.ts';
import { explained } from './explained.ts';
import { createIngest } from './ingest.ts';
import { noteCommand } from './note-command.ts';
import { pageModulesOf } from './page-modules.ts';
import { tableInfos } from './table-info.ts';
import { windowsAndJoinsOf } from './windows-and-joins.ts';

const OVERVIEW_EVERY_MS = 1000;
const LOOK_EVERY_MS = 1000;
/** Results of windows in one second's live events, over all of them. */
const LIVE_RESULTS = 600;
/** Counting takes at most this share of the time of the process that holds the stores. */
const COUNTING_SHARE = 0.05;
/** But so often it counts again: what is measured has the wait for that process in it. */
const MAX_PASSED_TICKS = 10;

/** A body of 16 MiB is parsed in about a second. */
const PARSING_RETRY_SECONDS = 2;

export interface ServedView extends ServiceView {
  /** What a read of several stores comes to: each of its queries is asked of its store, one after the other. */
  asked<T>(read: Generator<StoreQuery, T, readonly Row[]>): Promise<T>;
  /** Null when there is no such case. */
  caseFile(caseId: string): Promise<CaseFile | null>;
  /** What each rule is worth. */
  ruleReport(declared: readonly DeclaredRule[]): Promise<readonly Row[]>;
  /** Takes no more events from now on; what is under way goes on. */
  close(): Promise<void>;
  /** After the last request: the threads that bodies are parsed in end. */
  end(): Promise<void>;
}

export function createView(service: Service): ServedView {
  const { config, observer, pipeline, readModels, root, platform } = service;
  const bodies = platform.startBodies();
  const ingests = new Map(
    [...pipeline.streams.values()].map((stream) => {
      const { intake, units } = stream;
      const decode = stream.config?.source.kind === 'http' ? createBodyDecoder(stream, bodies) : null;
      const ingest = createIngest({
        intake,
        writerOf: pipeline.registry.writerOf,
        request: (partition, key) => units[partition]!.request(key),
        keyAgeMs: config.http.idempotency.ageMs,
        nowMs: platform.nowMs,
        stalled: () =>
          stalledLogs(units)[0] ?? units.map((unit) => unit.haltedBy()).find((why) => why !== null) ?? null,
      });
      return [stream.name, { decode, ingest, schema: stream.eventType.schema }] as const;
    }),
  );
  const tables = new Map(tableShapes(config).streams.map((shape) => [shape.name, tableInfo(shape)]));
  const windowsAndJoins = windowsAndJoinsOf(config);
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
  const stopOverview = platform.every(OVERVIEW_EVERY_MS, () => {
    observer.tick();
    if (!observer.isFollowed()) return;
    publish({ kind: 'overview', data: observer.overview() });
    publish({ kind: 'actors', data: actors() });
  });
  const { stores } = readModels;
  const infos = tableInfos((name) => stores.all.some((store) => store.name === name), {
    records: config.streams.map(({ schema: { namespace = '', name } }) => `${namespace}.${name}`),
    derived: outputNames(config),
  });
  let seen: Readonly<Record<string, number>> | null = null;
  const stopWindows = followed(async () => {
    if (!observer.isFollowed() || !stores.all.some(({ name }) => name === RESULTS_STORE)) return;
    const news = await stores.of(RESULTS_STORE).read({ kind: 'appendedResults', seen, limit: LIVE_RESULTS });
    seen = news.seen;
    if (news.rows.length === 0) return;
    // An event a window: none of them may push out the others' rows.
    for (const name of Object.keys(news.windows)) {
      const own = news.rows.filter((row) => row.window === name);
      if (own.length > 0) publish({ kind: 'window', data: own });
    }
    publish({ kind: 'windows', data: news.windows });
  }, 'new results of windows could not be read');
  let ticksToPass = 0;
  const count = async (): Promise<void> => {
    ticksToPass -= 1;
    if (ticksToPass > 0) return;
    await readModels.opened;
    const startMs = platform.nowMs();
    await readModels.refresh();
    const tookMs = platform.nowMs() - startMs;
    ticksToPass = Math.min(MAX_PASSED_TICKS, tookMs / COUNTING_SHARE / LOOK_EVERY_MS);
  };
  const stopCounting = followed(count, 'the rows of the read models could not be counted');

  async function asked<T>(read: Generator<StoreQuery, T, readonly Row[]>): Promise<T> {
    let step = read.next([]);
    while (step.done !== true) {
      const { store, sql } = step.value;
      step = read.next(await stores.of(store).read({ kind: 'query', sql }));
    }
    return step.value;
  }

  /** Once a second, and never twice at once. */
  function followed(look: () => Promise<void>, failure: string): () => void {
    let isLooking = false;
    const lookNow = (): void => {
      if (isLooking || closed) return;
      isLooking = true;
      look()
        .catch((error: Error) => service.logger.warn({ error: error.message }, failure))
        .finally(() => {
          isLooking = false;
        });
    };
    lookNow();
    return platform.every(LOOK_EVERY_MS, lookNow);
  }

  const declared: PipelineInfo = {
    name: config.name,
    jobs: config.jobs.map(({ name }) => name),
    checks: config.checks.map(({ name }) => name),
    sinks: config.sinks.map(({ name }) => name),
    deadLetterTopics: deadLetterTopics(config),
    operators: config.operators.map(({ name }) => name),
    pageModules: pageModulesOf(config),
  };

  return {
    pipeline: () => declared,
    overview: () => observer.overview(),
    operators: () => observer.operators(),
    actors,
    tables: () => infos,
    async rows(table, { limit }) {
      const info = infos.find(({ name }) => name === table);
      if (info === undefined) throw new Error(`There is no table ${table}`);
      return stores.of(info.store).read({ kind: 'rows', table, limit });
    },
    windowsAndJoins: () => windowsAndJoins,
    results: async (query) => stores.of(RESULTS_STORE).read({ kind: 'results', query }),
    asked,
    caseFile: (caseId) => asked(caseFile(caseId)),
    ruleReport: (rules) => asked(ruleReport(rules)),
    streams: () =>
      [...pipeline.streams.values()].map(({ name, eventType, units, config: stream }) => ({
        name,
        schemaJson: eventType.json,
        partitions: units.length,
        source: stream?.source.kind ?? 'internal',
        table: tables.get(name) ?? null,
      })),
    streamRows: async (stream, { limit }) => stores.of(STREAM_ROWS_STORE).read({ kind: 'streamRows', stream, limit }),
    async streamRow(stream, key) {
      const [row] = await stores.of(STREAM_KEYS_STORE).read({ kind: 'streamKey', stream, key });
      return row ?? null;
    },
    vectors: () =>
      config.features.map(({ name, stream, features }) => {
        return { stream: name, of: stream, features: features.map(({ field }) => field) };
      }),
    async ingest(stream, body, idempotencyKey = null, trace = undefined) {
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
      const key = idempotencyKey === null ? null : { key: idempotencyKey, digest: Buffer.from(parsed.digest) };
      return target.ingest.take(parsed, key, trace);
    },
    async remove(stream, key, occurredAt, idempotencyKey = null) {
      const target = ingests.get(stream);
      const table = tables.get(stream);
      if (target === undefined || table === undefined) return { kind: 'unknown-stream', known: [...tables.keys()] };
      if (closed) return { kind: 'stopping' };
      await service.ready;
      const { schema } = target;
      const ofKey = keyOfText(schema, table.key, key);
      if (ofKey === null) return { kind: 'not-a-key', wanted: writtenAs(schema, table.key) };
      const tombstone = { key: ofKey, occurredAt: occurredAt ?? platform.nowMs() };
      // A time that was not said is not what was asked.
      const digest = createHash('sha256')
        .update(`DELETE ${occurredAt ?? ''} ${key}`)
        .digest();
      return target.ingest.remove(tombstone, idempotencyKey === null ? null : { key: idempotencyKey, digest });
    },
    explain: (target) => explained(service, target),
    commanded: (command) => noteCommand(service, command),
    requestAborted: () => observer.metrics.add('http_aborted_requests_total', {}),
    answered: ({ method, route, status }, seconds) =>
      observer.metrics.observe('http_request_duration_seconds', { method, route, status: String(status) }, seconds),
    subscribe: observer.subscribe,
    readiness() {
      const reasons = [
        ...stalledLogs(pipeline.units),
        ...pipeline.units.flatMap((unit) => unit.problem() ?? []),
        ...[...observer.sourceStatus()].flatMap(([stream, status]) => sourceProblems(stream, status)),
      ];
      if (!ready) reasons.push('partitions are recovering');
      else if (closed) reasons.push('stopping');
      const notReady = readModels.notReady();
      if (notReady !== null) reasons.push(notReady);
      return { ready: reasons.length === 0, reasons };
    },
    sources: () =>
      [...observer.sourceStatus()].map(([stream, status]) => ({
        stream,
        ...status,
        largestLag: Math.max(0, ...status.inputs.map(({ lag }) => lag)),
      })),
    metrics: () => observer.metrics.text(),
    async close() {
      closed = true;
      stopOverview();
      stopWindows();
      stopCounting();
    },
    end: () => bodies.close(),
  };
}

function tableInfo({ key, schema }: StreamShape): StreamTableInfo {
  return { key, columns: recordColumns(schema).map(({ path, kind }) => ({ name: path, kind })) };
}

/** Why what a stream is read from is not read, or not all of it. */
function sourceProblems(stream: string, { problem, inputs }: SourceStatus): string[] {
  const problems = [problem, ...inputs.map((input) => input.problem)].filter((each) => each !== null);
  return problems.map((each) => `${stream}: ${each}`);
}

/** Why logs can't be written for now. */
function stalledLogs(units: readonly PartitionUnit[]): string[] {
  return units.flatMap(({ log }) => {
    const state = log.state();
    return state.kind === 'stalled' ? [state.error.message] : [];
  });
}
