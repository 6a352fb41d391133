/**
 * The table of rooms: what each may import of ours, which packages live in it, and which rooms are pure.
 * A room is a folder of src, or a file at its top. What is not listed here is forbidden.
 */
const PURE_ROOMS = [
  'messages',
  'sql',
  'streams',
  'features',
  'models',
  'fraud',
  'weather',
  'quality',
  'jobs',
  'fetching',
  'operators',
  'partition',
];

export interface Room {
  /** Rooms it may import; with a slash, one file of a room. */
  readonly mayImport: readonly string[];
  /** Built-in modules it may import; all, when not given. */
  readonly builtins?: readonly string[];
  /** Time and randomness come in through arguments or ports. */
  readonly clockless?: boolean;
  /** Nothing is waited for, fetched or read. */
  readonly pure?: boolean;
}

const PURE_BUILTINS = ['node:buffer', 'node:crypto', 'node:zlib'];

function pure(...mayImport: readonly string[]): Room {
  return { mayImport, builtins: PURE_BUILTINS, clockless: true, pure: true };
}

/** How a room declares tables and reads them. */
const STORE_PORT = ['projections/table.ts', 'projections/store.ts'];

/** The small ports that adapters stand behind. */
const PORTS = ['sources/source.ts', 'sinks/sink.ts', 'steps/port'];
const BELOW_SERVICE = [
  ...PURE_ROOMS,
  'job-tables',
  'kafka',
  'builtin-types.ts',
  'tables.ts',
  'journal',
  'actors',
  'sources',
  'sinks',
  'projections',
  'workers',
];

export const ROOMS: Readonly<Record<string, Room>> = {
  messages: pure('error-code.ts'),
  // Expressions of users: their language, its types and functions.
  sql: pure('messages', 'nearest-word.ts', 'sql-quotes.ts'),
  // Names and texts inside SQL, of any dialect.
  'sql-quotes.ts': pure(),
  // The slip of who wrote one name for another.
  'nearest-word.ts': pure(),
  streams: pure('messages', 'sql'),
  // Features of streams: windows of keys and what is computed of them.
  features: pure('messages', 'sql', 'streams'),
  // Models of two classes: trained on tables of numbers, judged, explained.
  models: pure('models/onnx-runtime'),
  // A package that is not ours, where somebody has installed it. It says the same of the same numbers.
  'models/onnx-runtime': { mayImport: [], builtins: ['node:module'], clockless: true, pure: true },
  fraud: pure('messages', 'sql', 'streams', 'models', 'models/onnx-runtime', 'sql-quotes.ts', ...STORE_PORT),
  weather: pure('messages', ...STORE_PORT),
  quality: pure('messages', 'sql', 'streams', 'nearest-word.ts', 'sql-quotes.ts', ...STORE_PORT),
  // User code over keyed state: its definition, its runtime, and its author's tests.
  operators: pure('messages', 'streams', 'builtin-types.ts'),
  // When jobs run and what becomes of their runs; texts of jobs.
  jobs: pure('messages', 'streams', 'nearest-word.ts', 'sql-quotes.ts', ...STORE_PORT),
  // Tables that jobs write, in a database of their own.
  'job-tables': { mayImport: ['messages', 'jobs', 'journal', 'projections', 'sql-quotes.ts'] },
  // What a job fetches by declaration: requests over places and pages, answers as rows.
  fetching: pure('messages', 'jobs'),
  // What a partition makes of its input, live and replayed, by whatever operators it has.
  partition: pure('messages', 'sql', 'streams', 'quality'),
  // The event types of the engine and of the domains.
  'builtin-types.ts': { mayImport: ['messages', 'fraud', 'weather'] },
  // Modules of users: they are loaded, and kept from the clock.
  'user-code': { mayImport: ['messages', 'sql', 'streams', 'operators', 'error-code.ts'] },
  // Every kind of operator: streams' own, those of the domains and those of users.
  'operator-kinds': {
    mayImport: [
      ...['messages', 'sql', 'streams', 'keys', 'features', 'fraud', 'fraud/pipeline', 'user-code'],
      'config/port',
    ],
  },
  // The tables of every room, in one list.
  'tables.ts': { mayImport: ['fraud', 'weather', 'jobs', 'job-tables', 'quality', 'projections'] },
  // Errors of the operating system and of Node, and errors of what is not there.
  'error-code.ts': pure(),
  'dependency-down.ts': pure(),
  // Segments that are elsewhere are fetched from their place.
  journal: { mayImport: ['messages', 'error-code.ts', 'places'] },
  // Exchanges with another machine: how long they may take, and what of an address may be said.
  'deadline.ts': { mayImport: [] },
  'endpoint.ts': { mayImport: [] },
  'fetch-cause.ts': { mayImport: [] },
  // The client of Kafka, for whoever brings from it or takes to it.
  kafka: { mayImport: ['messages', 'deadline.ts', 'endpoint.ts', 'error-code.ts', 'fetch-cause.ts'] },
  // Streams for how keys spread over partitions; and how an attempt of a step ends.
  sources: {
    mayImport: [
      'messages',
      'streams',
      'keys',
      'jobs',
      'fetching',
      'steps/port',
      'kafka',
      'postgres',
      'sql-quotes.ts',
      'deadline.ts',
      'endpoint.ts',
      'fetch-cause.ts',
    ],
  },
  // Steps of jobs: their kinds, each with its words in the pipeline file and how an attempt goes.
  'steps/port': { mayImport: [] },
  steps: {
    mayImport: [
      'messages',
      'streams',
      'keys',
      'jobs',
      'fetching',
      'job-tables',
      'quality',
      'projections/store.ts',
      'checks/port',
      'tables.ts',
      'steps/port',
      'user-code/module-file.ts',
      'sources',
      'sources/kinds',
      // Where another engine leaves its rows.
      'places',
      'sql-quotes.ts',
      'deadline.ts',
      'endpoint.ts',
      'fetch-cause.ts',
    ],
  },
  // The kinds of step: the engine's own and those of the domains.
  'steps/kinds': { mayImport: ['steps', 'fraud/steps'] },
  // The kinds of source and of fetch: the engine's own and those of the domains.
  'sources/kinds': { mayImport: ['sources', 'fraud/pipeline', 'weather/pipeline'] },
  sinks: { mayImport: ['messages', 'keys', 'kafka', 'deadline.ts', 'endpoint.ts', 'fetch-cause.ts'] },
  // The client of PostgreSQL, and values in its binary form, by the types that columns of stores have.
  postgres: { mayImport: ['messages', 'projections/store-tables.ts', 'sql-quotes.ts'] },
  // The kinds of store that a pipeline file declares.
  stores: { mayImport: ['messages', 'keys', 'journal', 'projections', 'postgres', 'places', 'sql-quotes.ts'] },
  // What a domain adds to the pipeline file: its section, its kinds of source, what its jobs fetch.
  'fraud/pipeline': { mayImport: ['messages', 'streams', 'keys', 'fraud', 'sources', 'config/port'] },
  'fraud/steps': { mayImport: ['keys', 'jobs', 'fraud', 'steps', 'steps/port', 'sql-quotes.ts'] },
  'weather/pipeline': { mayImport: ['messages', 'keys', 'jobs', 'weather', 'sources'] },
  actors: { mayImport: [...PURE_ROOMS, 'journal', ...PORTS], builtins: [], clockless: true },
  projections: { mayImport: ['messages', 'sql', 'journal', 'sql-quotes.ts'] },
  // A large input file is read by its source's own code, in a thread; a partition's actors may live in one.
  workers: {
    mayImport: [
      ...PURE_ROOMS,
      'builtin-types.ts',
      'operator-kinds',
      'tables.ts',
      'job-tables',
      'journal',
      'projections',
      'stores',
      'sources',
      'actors',
      'steps/port',
      'error-code.ts',
      'dependency-down.ts',
    ],
  },
  // What a key of the pipeline file may hold, for every section and every adapter: durations, sizes, names, secrets.
  keys: { mayImport: ['messages', 'streams', 'nearest-word.ts'] },
  // A cron expression is checked by the rules that will run it.
  // So is the size of a segment by the journal's bound, a stream by the tables that it shall have, a token by the port.
  config: {
    mayImport: [
      ...['messages', 'sql', 'jobs', 'streams', 'features', 'quality', 'keys', 'sinks', 'operators', 'user-code'],
      ...['config/port', 'kafka', 'sources', 'sources/kinds', 'steps', 'steps/kinds'],
      'nearest-word.ts',
      ...['journal/segment.ts', 'projections/stream-tables.ts', 'tables.ts', 'http/access.ts', 'builtin-types.ts'],
      ...['projections/drivers.ts', 'projections/store-tables.ts', 'stores'],
      // Sections that stand beside their kind of operator.
      'operator-kinds',
      // How the name of a place is read.
      'places/place-name.ts',
      'error-code.ts',
    ],
  },
  // What a section of the pipeline file is, for the sections of the engine and of the domains.
  'config/port': { mayImport: ['messages', 'sql', 'streams', 'keys'] },
  'logger.ts': { mayImport: ['config', 'messages/printable.ts'] },
  http: { mayImport: ['messages', 'projections', 'tracing/port.ts'] },
  // Places in traces, by packages that users install who want them.
  tracing: { mayImport: ['messages', 'error-code.ts'] },
  // Served to the browser as they are: they see only each other. What a domain adds to the page stands beside the domain.
  'http/public': { mayImport: [] },
  'fraud/page': { mayImport: ['http/public'] },
  'weather/page': { mayImport: ['http/public'] },
  // Read, checked and mended, whether a service runs on it or not.
  'data-directory': {
    mayImport: [...BELOW_SERVICE, 'places', 'operator-kinds', 'user-code', 'config', 'config/port'],
  },
  // What an event of the journal came of, and what came of it.
  explain: { mayImport: [...BELOW_SERVICE, 'operator-kinds', 'data-directory', 'sql-quotes.ts'] },
  // The composition root in its parts, src/service.ts and src/service/.
  service: {
    mayImport: [
      ...BELOW_SERVICE,
      ...[
        'error-code.ts',
        'keys',
        'steps',
        'steps/port',
        'steps/kinds',
        'sources/kinds',
        'operator-kinds',
        'config',
        'config/port',
        'logger.ts',
        'deadline.ts',
        'http',
      ],
      'checks/port',
      'data-directory',
      'tracing/port.ts',
    ],
  },
  // What a running service answers: over HTTP, and over its channel to commands beside it.
  api: {
    mayImport: [
      ...BELOW_SERVICE,
      'fraud/desk',
      'fraud/lab',
      'config',
      'config/port',
      'http',
      'explain',
      'data-directory',
      'service',
      // A statement is run as the channel runs it.
      ...['channel', 'channel/port'],
    ],
  },
  channel: {
    mayImport: [
      ...BELOW_SERVICE,
      'keys',
      'config',
      'logger.ts',
      'explain',
      'data-directory',
      'service',
      'channel/port',
      'fraud/desk',
      'sql-quotes.ts',
    ],
  },
  // What a command of the channel is, for those of the service and of the domains.
  'channel/port': { mayImport: [...BELOW_SERVICE, 'service'] },
  // What people do about cases and rules: over HTTP, over the channel, and on the command line.
  'fraud/desk': {
    mayImport: [
      ...BELOW_SERVICE,
      ...['operator-kinds', 'keys', 'data-directory', 'service', 'channel/port', 'http', 'fraud/lab', 'sql-quotes.ts'],
    ],
  },
  'fraud/commands': { mayImport: ['commands', 'config', 'fraud', 'fraud/desk', 'fraud/lab', 'nearest-word.ts'] },
  // The client of S3, for whoever keeps files there.
  s3: { mayImport: ['deadline.ts'] },
  // Copies of a data directory, in a folder or on S3.
  backup: { mayImport: ['error-code.ts', 'journal', 'messages/json-map.ts', 'places'] },
  // Files with a manifest that is replaced on condition, in a folder or on S3.
  places: { mayImport: ['error-code.ts', 's3'] },
  // Files in, results out, on a clock of their own.
  run: { mayImport: [...BELOW_SERVICE, 'keys', 'config', 'logger.ts', 'data-directory', 'service', 'channel'] },
  // Results of another configuration beside the live ones, and in their place.
  reprocess: {
    mayImport: [
      ...BELOW_SERVICE,
      'operator-kinds',
      'config',
      'config/port',
      'logger.ts',
      'data-directory',
      'service',
      'channel',
    ],
  },
  // A file that is no stream yet: what its schema and its section would be.
  infer: { mayImport: ['messages', 'sources', 'projections'] },
  // A suite run through a port of SQL, for whoever has one.
  'checks/port': { mayImport: ['quality'] },
  // Suites of expectations, run over files, tables and queries.
  checks: {
    mayImport: [
      ...['messages', 'quality', 'projections', 'sources', 'workers', 'config', 'infer'],
      ...['checks/port', 'channel', 'data-directory', 'journal', 'sql-quotes.ts'],
    ],
  },
  // What people type to try a cluster: records from a file, and what topics there are.
  topics: { mayImport: ['messages', 'kafka', 'sources'] },
  commands: {
    mayImport: [
      ...['topics', 'kafka/trouble.ts', 'kafka/topic-there.ts', 'kafka/connection.ts', 'sources/kafka/settings.ts'],
      'checks',
      'checks/port',
      'quality',
      'infer',
      'backup',
      'places',
      's3',
      // Doctor asks each store where it is.
      'stores',
      // Statements of steps, parsed before anything runs.
      'job-tables',
      'jobs/sql-dialect.ts',
      'steps/engines/settings.ts',
      'data-directory',
      'service',
      'api',
      'channel',
      'channel/port',
      'run',
      'reprocess',
      'keys',
      'config',
      'logger.ts',
      'tracing',
      'messages/printable.ts',
      'nearest-word.ts',
      'sql-quotes.ts',
    ],
  },
  // Models trained and judged on a data directory.
  'fraud/lab': {
    mayImport: [
      'messages',
      'models',
      'fraud',
      'journal',
      'workers',
      'data-directory',
      'nearest-word.ts',
      'builtin-types.ts',
    ],
  },
  // What a user's own tests import.
  'testing.ts': { mayImport: ['operators', 'run', 'config', 'logger.ts'] },
  // And what their operators and functions import.
  'millrace.ts': { mayImport: ['operators', 'user-code', 'builtin-types.ts'] },
  // Every command, each loaded when asked for.
  'command-list.ts': { mayImport: ['commands', 'fraud/commands'] },
  'main.ts': {
    mayImport: [
      ...['command-list.ts', 'commands', 'keys', 'config', 'messages/printable.ts', 'nearest-word.ts'],
      'dependency-down.ts',
    ],
  },
  // Runs before anything is installed.
  install: { mayImport: [] },
};

/**
 * Files that only their own room imports. Whoever else reads a journal does it through the commit reader: what opens
 * frames by path would read no journal but one on this machine's disk.
 */
export const OWN_FILES: readonly string[] = ['journal/frame-reader.ts', 'journal/local-reader.ts', 'journal/frame.ts'];

/** Each package of package.json and the rooms, or the one file, that may import it. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  '@dagrejs/dagre': ['http', 'http/public'],
  '@duckdb/node-api': ['projections', 'stores'],
  '@duckdb/node-bindings': ['projections'],
  '@hono/node-server': ['http'],
  '@opentelemetry/api': ['tracing/otel.ts'],
  '@opentelemetry/core': ['tracing/otel.ts'],
  '@opentelemetry/exporter-trace-otlp-http': ['tracing/otel.ts'],
  '@opentelemetry/resources': ['tracing/otel.ts'],
  '@opentelemetry/sdk-trace-base': ['tracing/otel.ts'],
  avsc: ['messages/codec.ts'],
  'better-sqlite3': ['journal', 'projections'],
  croner: ['jobs'],
  hono: ['http'],
  htm: ['http', 'http/public'],
  kafkajs: ['kafka'],
  // Named by no import: npm finds its bin (src/install).
  'millrace-node-gyp': ['install'],
  'ml-logistic-regression': ['models'],
  'ml-matrix': ['models'],
  // Optional, and never installed with Millrace.
  'onnxruntime-node': ['models/onnx-runtime.ts'],
  pino: ['logger.ts'],
  'pino-pretty': ['logger.ts'],
  piscina: ['workers'],
  pg: ['postgres'],
  'pg-copy-streams': ['postgres'],
  preact: ['http', 'http/public', 'fraud/page'],
  'prom-client': ['http'],
  re2js: ['sql', 'streams', 'quality'],
  snappyjs: ['kafka', 'messages'],
  uplot: ['http', 'http/public'],
  xstate: ['actors', 'operators/machine-operator.ts'],
  yaml: ['config'],
  zod: [
    'keys',
    'postgres',
    'sources',
    'sinks',
    'steps',
    'stores',
    'config',
    'config/port',
    'fraud/pipeline',
    'fraud/steps',
    'weather/pipeline',
  ],
};

/**
 * Files that are a room of their own: a port that domains declare something by is below them, and the list that registers
 * what they declare above.
 */
const OWN_ROOMS: Readonly<Record<string, string>> = {
  'config/section.ts': 'config/port',
  'models/onnx-runtime.ts': 'models/onnx-runtime',
  'config/declared-operator.ts': 'config/port',
  'config/sections/relation.ts': 'config/port',
  'channel/channel-commands.ts': 'channel/port',
  'channel/channel-protocol.ts': 'channel/port',
  'steps/step.ts': 'steps/port',
  'steps/step-process.ts': 'steps/port',
  'checks/checked-table.ts': 'checks/port',
  'steps/adapters.ts': 'steps/kinds',
  'sources/adapters.ts': 'sources/kinds',
  'sources/fetches.ts': 'sources/kinds',
};

/** The room of a file, by its path below src. */
export function roomOf(path: string): string {
  if (path === 'service.ts') return 'service';
  const own = OWN_ROOMS[path];
  if (own !== undefined) return own;
  if (path.startsWith('http/public/')) return 'http/public';
  const [part] = /^[\w-]+\/(?:page|pipeline|desk|lab|commands|steps)(?=\/)/.exec(path) ?? [];
  if (part !== undefined) return part;
  const [first] = path.split('/');
  return first ?? path;
}
