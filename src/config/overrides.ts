/**
 * What stands above the file: environment variables, then the command line. And `${VAR:default}` inside the file.
 *
 * All of these are text. It becomes a number or a boolean only where the schema wants one, so that a secret made of
 * digits stays the text that it is.
 */
import { parse } from 'yaml';
import { isMap } from '../messages/json-map.ts';
import { keysAt, typesAt } from './shape.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A value from outside the file. `origin` is what a person would look for: the variable's or the option's name. */
export interface Override {
  readonly path: readonly string[];
  readonly text: string;
  readonly origin: string;
}

export type Path = readonly (string | number)[];

const PREFIX = 'MILLRACE__';

/** MILLRACE__HTTP__PORT=8080 sets http.port. Case does not matter, and `_` also stands for `.` and `-` in a name. */
export function environmentOverrides(environment: Environment, file: unknown): Override[] {
  return Object.keys(environment)
    .filter((variable) => variable.startsWith(PREFIX) && variable.length > PREFIX.length)
    .sort()
    .map((variable) => ({
      path: pathOf(variable.slice(PREFIX.length).split('__'), file),
      text: environment[variable] ?? '',
      origin: variable,
    }));
}

function pathOf(parts: readonly string[], file: unknown): string[] {
  const path: string[] = [];
  let node = file;
  for (const part of parts) {
    const known = [...Object.keys(isMap(node) ? node : {}), ...keysAt(path)];
    const key = known.find((candidate) => variableName(candidate) === variableName(part)) ?? part.toLowerCase();
    path.push(key);
    node = isMap(node) ? node[key] : undefined;
  }
  return path;
}

function variableName(key: string): string {
  return key.toLowerCase().replaceAll(/[.-]/g, '_');
}

/** The file's data with one value set; null when something on the way is neither a map nor a list. */
export function withOverride(data: unknown, { path, text }: Override): { readonly data: unknown } | null {
  return setAt(data, path, typedValue(text, path));
}

function setAt(node: unknown, path: readonly string[], value: unknown): { readonly data: unknown } | null {
  const [key, ...rest] = path;
  if (key === undefined) return { data: value };
  if (Array.isArray(node)) {
    const index = Number(key);
    if (!Number.isInteger(index) || index < 0 || index >= node.length) return null;
    const inner = setAt(node[index], rest, value);
    return inner && { data: node.toSpliced(index, 1, inner.data) };
  }
  if (node !== undefined && node !== null && !isMap(node)) return null;
  const inner = setAt(node?.[key], rest, value);
  return inner && { data: { ...node, [key]: inner.data } };
}

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::([^}]*))?\}/g;

/** The file's data with its variables replaced. `missing` is told of a variable that is not set and has no default. */
export function substituteVariables(
  node: unknown,
  environment: Environment,
  missing: (path: Path, variable: string) => void,
  path: Path = [],
): unknown {
  if (Array.isArray(node)) {
    return node.map((item, index) => substituteVariables(item, environment, missing, [...path, index]));
  }
  if (isMap(node)) {
    const members = Object.entries(node).map(([key, value]) => [
      key,
      substituteVariables(value, environment, missing, [...path, key]),
    ]);
    return Object.fromEntries(members);
  }
  if (typeof node !== 'string' || !node.includes('${')) return node;
  let replaced = false;
  const text = node.replace(VARIABLE, (_, name: string, fallback: string | undefined) => {
    const value = environment[name] ?? fallback;
    if (value === undefined) missing(path, name);
    replaced = true;
    return value ?? '';
  });
  return replaced ? typedValue(text, path) : node;
}

/** The text as the kind of value that the schema wants at the path; the text itself where it can't be one. */
function typedValue(text: string, path: Path): unknown {
  const types = typesAt(path);
  if (text === '' && types.has('null')) return null;
  if (types.has('string')) return text;
  const trimmed = text.trim();
  if ((types.has('number') || types.has('integer')) && trimmed !== '' && Number.isFinite(Number(trimmed))) {
    return Number(trimmed);
  }
  if (types.has('boolean') && (trimmed === 'true' || trimmed === 'false')) return trimmed === 'true';
  if (types.has('object') || types.has('array')) return yamlOf(text);
  return text;
}

function yamlOf(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return text;
  }
}
