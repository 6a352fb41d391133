/** A service with canned rows behind the port, and a way to publish live events and to choose the ingest outcome. */

import { fileURLToPath } from 'node:url';
import { caseRoute } from '../../src/api/case-route.ts';
import { eventRoutes } from '../../src/api/event-routes.ts';
import { jobRoutes } from '../../src/api/job-routes.ts';
import { machinesRoute, settingsRoute } from '../../src/api/look-routes.ts';
import { queryRoutes } from '../../src/api/query-routes.ts';
import { runRoutes } from '../../src/api/run-routes.ts';
import { tableInfos } from '../../src/api/table-info.ts';
import { customerRoutes } from '../../src/fraud/desk/customer-routes.ts';
import type { Desk } from '../../src/fraud/desk/desk.ts';
import { modelRoutes } from '../../src/fraud/desk/model-routes.ts';
import { deskRoutes } from '../../src/fraud/desk/routes.ts';
import type { OperatorStatus } from '../../src/http/operator-status.ts';
import type { Route } from '../../src/http/route.ts';
import type {
  ActorStatus,
  EventBody,
  IngestOutcome,
  LiveEvent,
  Overview,
  Row,
  ServiceView,
  WindowOrJoin,
} from '../../src/http/view.ts';
import { journalOf, openPassingReader } from '../../src/journal/open-reader.ts';
import { createRegistry } from '../../src/messages/registry.ts';
import type { ResultQuery } from '../../src/projections/result-pages.ts';
import type { StoreQuery } from '../../src/projections/store.ts';
import type { JobDesk } from '../../src/service/job-desk.ts';

export interface CannedService {
  readonly view: ServiceView;
  /** Every query for results. */
  readonly asked: readonly ResultQuery[];
  readonly ingested: { readonly stream: string; readonly body: EventBody }[];
  readonly removed: { readonly stream: string; readonly key: string; readonly occurredAt: number | null }[];
  /** Requests whose client went away. */
  aborted(): number;
  /** Who would get a live event. */
  followers(): number;
  publish(event: LiveEvent): void;
  answerIngestWith(outcome: IngestOutcome): void;
  setReadiness(ready: boolean, reasons: readonly string[]): void;
}

const NOW = Date.UTC(2026, 10, 23, 12, 0, 0);

export const overview: Overview = {
  name: 'canned',
  startedAt: NOW - 60_000,
  now: NOW,
  stages: [
    {
      id: 'source/http',
      kind: 'source',
      label: 'HTTP',
      feeds: [],
      eventsPerSecond: 10,
      eventsTotal: 100,
      queueDepth: 0,
      queueBound: 16,
      lag: 0,
      state: 'running',
      watermarkDelayMs: null,
    },
  ],
  eventsIn: 100,
  deadLetters: 1,
  lateEvents: 0,
  alerts: 1,
  openCases: 1,
  sinceStart: { eventsIn: 40, deadLetters: 0, lateEvents: 0, alerts: 1 },
  operators: [{ operator: 'velocity', keys: 3, bytes: 60, failed: 2 }],
  eventTime: NOW - 5_000,
  eventLoopDelayP99Ms: 11,
  rssBytes: 100_000_000,
};

const OPERATORS: readonly OperatorStatus[] = [
  operatorOf('window', 'per_minute', ['s'], ['per_minute'], 0.4),
  operatorOf('operator', 'velocity', ['s'], ['velocity.fast'], 0.1),
];

function operatorOf(
  kind: string,
  operator: string,
  inputs: readonly string[],
  outputs: readonly string[],
  busyShare: number,
): OperatorStatus {
  const partitions = [
    { log: 's-0', keys: 1, busyShare: busyShare / 4 },
    { log: 's-1', keys: 2, busyShare: (busyShare * 3) / 4 },
  ];
  const rates = { eventsInPerSecond: 10, eventsOutPerSecond: 1, eventsOut: 10 };
  return {
    id: `${kind}:${operator}`,
    kind,
    operator,
    inputs,
    outputs,
    ...rates,
    keys: 3,
    bytes: null,
    busyShare,
    partitions,
  };
}

const actors: ActorStatus = {
  path: 'millrace',
  name: 'millrace',
  kind: 'supervisor',
  state: 'running',
  restarts: 0,
  lastError: null,
  children: [],
};

const rows: Readonly<Record<string, readonly Row[]>> = {
  dead_letters: [
    {
      stream: 'orders',
      source: 'http',
      position: 7,
      reason: 'not-json',
      detail: 'line 7, "a"',
      raw: '=cmd|x',
      offset: 3,
      log: 'orders-0',
    },
    {
      stream: 'orders',
      source: 'http',
      position: 8,
      reason: 'null-key',
      detail: 'ünï',
      raw: '-5',
      offset: 4,
      log: 'orders-0',
    },
  ],
};

const streamRows: readonly Row[] = [
  { id: '<i>b/2</i>', at: 2000, partition: 0, log_offset: 1 },
  { id: 'a', at: 1000, partition: 1, log_offset: 0 },
];

export const derived: readonly WindowOrJoin[] = [
  { name: 'per_minute', kind: 'window', of: ['s'], window: 'tumbling', key: null, keys: 'none', aggregates: ['total'] },
  {
    name: 'by_customer',
    kind: 'window',
    of: ['s'],
    window: 'session',
    key: 'customer',
    keys: 'number',
    aggregates: [],
  },
  { name: 'by_country', kind: 'window', of: ['s'], window: 'tumbling', key: 'country', keys: 'text', aggregates: [] },
  { name: 'paid', kind: 'join', of: ['s', 't'], window: null, key: 'id', keys: 'text', aggregates: [] },
];

const windowOf = (key: string | null, start: number): Row => ({
  window: 'by_country',
  key,
  start_at: start,
  end_at: start + 1000,
  revision: 0,
  count: 1,
  aggregates: '{"top":"=1+1,\\"x\\""}',
});

const results: Readonly<Record<ResultQuery['of'], readonly Row[]>> = {
  windows: [windowOf('a,"b"\r\nc', 2000), windowOf(null, 1000), windowOf('=cmd', 0)],
  joins: [],
  late_events: [],
};

const PAGE_MODULES = ['fraud/page/page.js', 'weather/page/page.js'];

const nobodyAtTheDesk = (): never => {
  throw new Error('no command is given to canned cases');
};
const DESK: Desk = { act: nobodyAtTheDesk, next: nobodyAtTheDesk, suppress: nobodyAtTheDesk };

/** A directory with a journal, and no models. */
const DATA_DIR = fileURLToPath(new URL('../fixtures/data-399f744/demo', import.meta.url));
const isRead = ({ method }: Route): boolean => method === 'GET';

const JOBS: JobDesk = {
  command: async () => ({ kind: 'refused', message: 'canned' }),
  standings: async () => [
    {
      job: 'weather',
      schedule: 'every 15 s',
      isPaused: false,
      nextRunAt: null,
      openRuns: 0,
      steps: [{ name: 'load', kind: 'fetch', needs: [] }],
      params: { place: 'JFK' },
    },
  ],
  connect() {},
};

const NO_EVENTS = {
  record: 'T',
  schema: { type: 'record', name: 'T', fields: [] },
  timeField: 'at',
  key: 'id',
  logs: [],
} as const;

/** What is looked into: no event, no row, one setting. */
const LOOKS: readonly Route[] = [
  ...eventRoutes(
    {
      journal: { reader: openPassingReader(journalOf(DATA_DIR)), registry: createRegistry([]) },
      streams: () => new Map([['payments.transactions', NO_EVENTS]]),
    },
    1_000,
  ).filter(({ path }) => path.endsWith('/events')),
  ...queryRoutes(
    async () => ({ kind: 'rows', columns: ['a'], rows: [{ a: '<i>1</i>' }], isCut: false, tookMs: 1, notes: [] }),
    { all: async () => [], save: nobodyAtTheDesk, remove: nobodyAtTheDesk },
  ).filter(isRead),
  settingsRoute(() => [{ path: 'http.port', value: '0', source: 'canned.yaml:2', description: '' }]),
  machinesRoute(),
];

/** A store without rows. */
async function askedOfNothing<T>(read: Generator<StoreQuery, T, readonly Row[]>): Promise<T> {
  let step = read.next([]);
  while (step.done !== true) step = read.next([]);
  return step.value;
}

/** The routes of domains and of jobs that read, over canned cases, one job, no rules and no models. */
export const cannedRoutes = (deadlineMs: number): readonly Route[] => [
  caseRoute(
    async (id) =>
      id === 'c-1' || id === 'c/2 ü'
        ? {
            case: { case_id: id },
            alerts: [],
            deliveries: [],
            transactions: [],
            sessions: [],
            actions: [],
            similar: [],
            isCut: false,
          }
        : null,
    deadlineMs,
  ),
  ...LOOKS,
  ...customerRoutes(askedOfNothing, deadlineMs).filter(({ path }) => path === '/api/v1/customers'),
  ...jobRoutes(JOBS).filter(isRead),
  ...runRoutes(DATA_DIR, askedOfNothing, deadlineMs, () => 16).filter(({ path }) => path.endsWith('/backfills')),
  ...deskRoutes(DESK, async () => [], deadlineMs).filter(isRead),
  ...modelRoutes(
    { act: nobodyAtTheDesk, changes: async () => [], record: nobodyAtTheDesk },
    { driftOf: nobodyAtTheDesk },
    DATA_DIR,
    deadlineMs,
  ).filter(({ path }) => path === '/api/v1/models'),
];

export function cannedService(): CannedService {
  const asked: ResultQuery[] = [];
  const listeners = new Set<(event: LiveEvent) => void>();
  const ingested: { readonly stream: string; readonly body: EventBody }[] = [];
  const removed: CannedService['removed'] = [];
  let outcome: IngestOutcome = { kind: 'committed', accepted: 1, deadLetters: 0, reasons: {}, first: [] };
  let aborted = 0;
  let readiness: { ready: boolean; reasons: readonly string[] } = { ready: true, reasons: [] };
  return {
    asked,
    followers: () => listeners.size,
    aborted: () => aborted,
    ingested,
    removed,
    publish: (event) => {
      for (const listener of listeners) listener(event);
    },
    answerIngestWith: (next) => {
      outcome = next;
    },
    setReadiness: (ready, reasons) => {
      readiness = { ready, reasons };
    },
    view: {
      sources: () => [],
      pipeline: () => ({
        name: 'canned',
        jobs: ['weather'],
        checks: [],
        sinks: ['log'],
        operators: ['velocity'],
        deadLetterTopics: [{ topic: 'payments.transactions.v1.dlq', streams: ['payments.transactions'] }],
        pageModules: PAGE_MODULES,
      }),
      overview: () => overview,
      operators: () => OPERATORS,
      actors: () => actors,
      rows: async (table, { limit }) => (rows[table] ?? []).slice(0, limit),
      tables: () => TABLE_INFOS,
      windowsAndJoins: () => derived,
      vectors: () => [{ stream: 'payments.transactions.features', of: 'payments.transactions', features: ['at'] }],
      results: async (query) => {
        asked.push(query);
        const rows = results[query.of].slice(0, query.limit);
        return { rows, next: rows.length < results[query.of].length ? [1, 'w', true, 'k', 2, 0, 3] : null };
      },
      streams: () => [
        {
          name: 'payments.transactions',
          schemaJson: '{"type":"record","name":"T","fields":[]}',
          partitions: 2,
          source: 'http',
          table: {
            key: 'id',
            columns: [
              { name: 'id', kind: 'text' },
              { name: 'at', kind: 'instant' },
            ],
          },
        },
        { name: 'builtin', schemaJson: '{}', partitions: 1, source: 'http', table: null },
      ],
      streamRows: async (_, { limit }) => streamRows.slice(0, limit),
      streamRow: async (_, key) => streamRows.find(({ id }) => id === key) ?? null,
      ingest: async (stream, body) => {
        ingested.push({ stream, body });
        return outcome;
      },
      remove: async (stream, key, occurredAt) => {
        removed.push({ stream, key, occurredAt });
        return outcome;
      },
      answered: () => {},
      commanded: () => {},
      explain: async () => ({ events: [], inputs: 0, notes: [] }),
      requestAborted: () => {
        aborted += 1;
      },
      subscribe: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      readiness: () => readiness,
      metrics: async () => ({ contentType: 'text/plain; version=0.0.4; charset=utf-8', body: 'up 1\n' }),
    },
  };
}

export const silentLogger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export const TABLE_INFOS = tableInfos(() => true, {
  records: ['millrace.weather.WeatherObservation'],
  derived: ['fraud.sessions', 'fraud.alerts', 'fraud.cases'],
});
