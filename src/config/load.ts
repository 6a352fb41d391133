/**
 * Loads a pipeline file: YAML with positions, `${VAR:default}`, MILLRACE__… overrides, the strict schema, then the
 * relations. Every problem is reported at once, each with its line.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Document, isMap, isPair, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import type { AvroRecord } from '../messages/avro.ts';
import { dynamicEventType } from '../messages/codec.ts';
import { type Config, ConfigError, type Problem } from './config.ts';
import { deriveConfig } from './derive.ts';
import { fileSchema } from './schema.ts';
import { nearestWord } from './suggest.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads, checks and freezes a configuration. Throws a ConfigError that lists every problem found. */
export function loadConfig(file: string, environment: Environment): Config {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError([
      problem(file, null, '', `can't be read: ${error instanceof Error ? error.message : String(error)}`),
    ]);
  }
  return parseConfig(text, file, environment);
}

export function parseConfig(text: string, file: string, environment: Environment): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems: Problem[] = document.errors.map((error) =>
    problem(file, positionOf(lines, error.pos[0]), '', error.message.split('\n')[0] ?? error.message),
  );
  if (problems.length > 0) throw new ConfigError(problems);
  substituteVariables(document, environment, (at, message) =>
    problems.push(problem(file, positionOf(lines, at), '', message)),
  );
  applyOverrides(document, environment);
  const at = (path: readonly PropertyKey[]): Position | null => locate(document, lines, path);

  const parsed = fileSchema.safeParse(document.toJS() ?? {});
  if (!parsed.success) {
    for (const issue of parsed.error.issues) problems.push(...issueProblems(issue, file, at));
    throw new ConfigError(problems);
  }
  const base = dirname(resolve(file));
  const config = deriveConfig(parsed.data, {
    report: (path, message) => problems.push(problem(file, at(path), path.join('.'), message)),
    resolve: (path) => resolve(base, path),
    readSchema,
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return deepFreeze(config);
}

interface Position {
  readonly line: number;
  readonly column: number;
}

interface Issue {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly keys?: readonly string[];
  readonly errors?: readonly (readonly Issue[])[];
}

/** What later versions will know: said so instead of "unknown key". */
const PLANNED: readonly string[] = [
  'joins',
  'where',
  'expect',
  'hopping',
  'sliding',
  'session',
  'kafka',
  'onFail',
  'postgres',
  'lake',
];

function issueProblems(issue: Issue, file: string, at: (path: readonly PropertyKey[]) => Position | null): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    return (issue.keys ?? []).map((key) => {
      const path = [...issue.path, key];
      const nearest = nearestWord(key, KNOWN_KEYS);
      const hint = PLANNED.includes(key)
        ? 'is not supported yet'
        : `is not a key here${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
      return problem(file, at(path) ?? at(issue.path), path.join('.'), `${key} ${hint}`);
    });
  }
  if (issue.code === 'invalid_union' && issue.errors !== undefined) {
    // Of the alternatives, the one that fails deepest is the one that was meant.
    const meant = [...issue.errors].sort((a, b) => depth(b) - depth(a))[0] ?? [];
    const inner = meant.map((each) => ({ ...each, path: [...issue.path, ...each.path] }));
    if (inner.length > 0) return inner.flatMap((each) => issueProblems(each, file, at));
  }
  return [problem(file, at(issue.path), issue.path.join('.'), issue.message)];
}

function depth(issues: readonly Issue[]): number {
  // An unknown key says more than a wrong type: the object was the right kind.
  return Math.max(0, ...issues.map((issue) => issue.path.length * 2 + (issue.code === 'unrecognized_keys' ? 1 : 0)));
}

const KNOWN_KEYS: readonly string[] = [
  ...[
    'name',
    'data',
    'http',
    'log',
    'journal',
    'runtime',
    'supervision',
    'streams',
    'windows',
    'schedules',
    'fraud',
    'sinks',
  ],
  ...['host', 'port', 'token', 'level', 'durability', 'segment', 'snapshotEvents', 'snapshotInterval', 'queueBatches'],
  ...['intensity', 'period', 'minBackoff', 'maxBackoff', 'jitter', 'shutdown', 'schema', 'builtin', 'key', 'eventTime'],
  ...['partitions', 'watermark', 'source', 'outOfOrderness', 'idleTimeout', 'generator', 'seed', 'rate', 'customers'],
  ...['terminals', 'startAt', 'days', 'stream', 'window', 'tumbling', 'offset', 'allowedLateness', 'aggregate', 'cron'],
  ...[
    'timezone',
    'every',
    'catchup',
    'retries',
    'retryDelay',
    'timeout',
    'into',
    'fetch',
    'openMeteo',
    'url',
    'places',
  ],
  ...['pastDays', 'latitude', 'longitude', 'rules', 'caseQuiet', 'amountCents', 'velocity', 'deviations', 'minHistory'],
  ...['webhook', 'file', 'path', 'job'],
];

/** Position of the key at a path; of the nearest ancestor where the key is missing. */
function locate(document: Document, lines: LineCounter, path: readonly PropertyKey[]): Position | null {
  let node: unknown = document.contents;
  let start: number | undefined;
  for (const key of path) {
    if (!isMap(node)) break;
    const pair = node.items.find(
      (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(key),
    );
    if (pair === undefined) break;
    if (isScalar(pair.key) && pair.key.range) start = pair.key.range[0];
    node = pair.value;
  }
  return start === undefined ? null : positionOf(lines, start);
}

function positionOf(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

function problem(file: string, position: Position | null, path: string, message: string): Problem {
  return { file, line: position?.line ?? null, column: position?.column ?? null, path, message };
}

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::([^}]*))?\}/g;

function substituteVariables(
  document: Document,
  environment: Environment,
  report: (at: number, message: string) => void,
): void {
  visit(document, {
    Scalar(key, node) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return;
      const value = node.value.replace(VARIABLE, (_, name: string, fallback: string | undefined) => {
        const found = environment[name] ?? fallback;
        if (found === undefined)
          report(node.range?.[0] ?? 0, `the environment has no ${name}, and no default is given (\${${name}:default})`);
        return found ?? '';
      });
      node.value = scalarOf(value);
    },
  });
}

/** MILLRACE__HTTP__PORT=8080 sets http.port; parts match keys without regard to case. */
function applyOverrides(document: Document, environment: Environment): void {
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith('MILLRACE__') || value === undefined) continue;
    const path = variable.slice('MILLRACE__'.length).split('__').map(keyOfVariable);
    document.setIn(path, scalarOf(value));
  }
}

function keyOfVariable(part: string): string {
  return KNOWN_KEYS.find((key) => key.toLowerCase() === part.toLowerCase()) ?? part.toLowerCase();
}

/** A number or a boolean where the text is one: what the YAML would have said. */
function scalarOf(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

function readSchema(path: string): AvroRecord {
  let schema: AvroRecord;
  try {
    schema = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`${path} is not readable as JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (schema.type !== 'record') throw new Error(`${path} is not an Avro schema of type record`);
  try {
    dynamicEventType(schema);
  } catch (error) {
    throw new Error(`${path} is not a valid Avro schema: ${error instanceof Error ? error.message : String(error)}`);
  }
  return schema;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
