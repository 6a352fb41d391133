/**
 * Loads a pipeline file: YAML with positions, then `${VAR:default}`, MILLRACE__… variables and options of the command
 * line, then the strict schema, then the relations. Every problem that can be told is reported at once, with its place.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Document, LineCounter, parseDocument } from 'yaml';
import { hasCode } from '../error-code.ts';
import { isMap } from '../messages/json-map.ts';
import { readAvroFile } from './avro-file.ts';
import { type Config, deriveConfig, fileSchema } from './config.ts';
import { ConfigError, messageOf, type Problem } from './config-error.ts';
import { allFindings, pathText } from './issues.ts';
import {
  type Environment,
  environmentOverrides,
  type Override,
  substituteVariables,
  withOverride,
} from './overrides.ts';
import { locate, type Position, placeOf, positionAt } from './positions.ts';

export type { Environment } from './overrides.ts';

/** Reads, checks and freezes a configuration. Throws a ConfigError that lists every problem found. */
export function loadConfig(file: string, environment: Environment, flags: readonly Override[] = []): Config {
  return parseConfig(readConfigText(file), file, environment, flags);
}

export function parseConfig(
  text: string,
  file: string,
  environment: Environment,
  flags: readonly Override[] = [],
): Config {
  const { config, problems } = check(text, file, environment, flags);
  if (config === null || problems.length > 0) throw new ConfigError(problems);
  return deepFreeze(config);
}

/**
 * Checks a file alone. It reads neither the environment nor what the file's variables would hold. Throws a ConfigError
 * as loadConfig does.
 */
export function checkFileAlone(file: string): void {
  const { problems, missing } = check(readConfigText(file), file, {}, []);
  const own = problems.filter(({ path }) => !missing.some((at) => path === at || path.startsWith(`${at}.`)));
  if (own.length > 0) throw new ConfigError(own);
}

export function readConfigText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const missing = hasCode(error, 'ENOENT');
    const message = missing ? 'does not exist' : `can't be read: ${messageOf(error)}`;
    throw new ConfigError([{ file, line: null, column: null, path: '', message }]);
  }
}

interface Checked {
  readonly config: Config | null;
  /** The problems in the order of the file. */
  readonly problems: readonly Problem[];
  /** Paths whose variables are not set and have no default. */
  readonly missing: readonly string[];
}

function check(text: string, file: string, environment: Environment, flags: readonly Override[]): Checked {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problems: Problem[] = [];
  const missing: string[] = [];
  const done = (config: Config | null): Checked => ({ config, problems: inOrder(problems), missing });

  for (const { pos, code, message } of [...document.errors, ...document.warnings]) {
    const twice = /^[^\s:,{}]+/.exec(text.slice(pos[0]))?.[0] ?? 'a key';
    const own = code === 'DUPLICATE_KEY' ? `${twice} is in this map twice; call one of the two otherwise` : message;
    problems.push(problemAt(file, positionAt(lines, pos[0]), '', own.split('\n')[0] ?? own));
  }
  const written = problems.length > 0 ? null : plainData(document);
  if (written === null) return done(null);
  if (written instanceof Error) {
    problems.push(problemAt(file, null, '', written.message));
    return done(null);
  }

  let data = substituteVariables(written.data, environment, (path, variable) => {
    missing.push(pathText(path));
    const hint = `set it, or give a default: \${${variable}:default}`;
    problems.push(problemAt(file, locate(document, lines, path), pathText(path), `${variable} is not set; ${hint}`));
  });
  const overrides = [...environmentOverrides(environment, data), ...flags];
  for (const override of overrides) {
    const changed = withOverride(data, override);
    if (changed === null)
      problems.push(problemAt(override.origin, null, pathText(override.path), 'nothing can stand here'));
    else data = changed.data;
  }
  const report = (path: readonly PropertyKey[], message: string, character?: number): void => {
    const origin = originOf(path, overrides);
    const where = origin === undefined ? placeOf(document, lines, path, text, character) : null;
    problems.push(problemAt(origin ?? file, where, pathText(path), message));
  };

  const parsed = fileSchema.safeParse(data, { reportInput: true });
  if (!parsed.success || !isMap(data)) {
    for (const { path, message } of allFindings(parsed.error?.issues ?? [])) report(path, message);
    return done(null);
  }
  const base = dirname(resolve(file));
  return done(deriveConfig({ file: data, report, resolve: (path) => resolve(base, path), readSchema: readAvroFile }));
}

function plainData(document: Document): { readonly data: unknown } | Error {
  try {
    return { data: document.toJS() ?? {} };
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Who set the value at a path, when the file did not. The last override wins, as its value did. */
function originOf(path: readonly PropertyKey[], overrides: readonly Override[]): string | undefined {
  return overrides.findLast((override) => override.path.every((key, depth) => key === String(path[depth])))?.origin;
}

function problemAt(file: string, position: Position | null, path: string, message: string): Problem {
  return { file, line: position?.line ?? null, column: position?.column ?? null, path, message };
}

function inOrder(problems: readonly Problem[]): Problem[] {
  return problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
