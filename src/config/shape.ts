/**
 * The form of the pipeline file, read off the schema: which keys and kinds of values may stand at a path. It is what
 * did-you-mean, the reading of environment variables, the printed comments and editors know of the file.
 */
import { z } from 'zod';
import { fileSchema } from './config.ts';

/** The part of JSON Schema that the file's schema needs. */
export interface Shape {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Shape | boolean;
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
}

/** The JSON schema of a pipeline file, for editors. */
export function jsonSchema(): Record<string, unknown> {
  return { title: 'Millrace pipeline', ...z.toJSONSchema(fileSchema, { io: 'input' }) };
}

const ROOT: Shape = jsonSchema();

/** The alternatives that the schema allows at a path; none when nothing may stand there. */
export function shapesAt(path: readonly PropertyKey[]): readonly Shape[] {
  let shapes = alternatives(ROOT);
  for (const key of path) shapes = shapes.flatMap((shape) => member(shape, key)).flatMap(alternatives);
  return shapes;
}

/** Keys that may stand in the map at a path; none where the keys are the user's own names. */
export function keysAt(path: readonly PropertyKey[]): string[] {
  return [...new Set(shapesAt(path).flatMap(({ properties }) => Object.keys(properties ?? {})))];
}

/** The kinds of value that may stand at a path, in JSON Schema's words. */
export function typesAt(path: readonly PropertyKey[]): ReadonlySet<string> {
  return new Set(shapesAt(path).flatMap(({ type }) => type ?? []));
}

/** What the schema says about the key at the end of a path. */
export function descriptionAt(path: readonly PropertyKey[]): string | undefined {
  const key = path.at(-1);
  if (key === undefined) return undefined;
  const members = shapesAt(path.slice(0, -1)).flatMap((shape) => member(shape, key));
  return members.find(({ description }) => description !== undefined)?.description;
}

function alternatives(shape: Shape): readonly Shape[] {
  return shape.anyOf === undefined ? [shape] : shape.anyOf.flatMap(alternatives);
}

function member({ properties, additionalProperties, items }: Shape, key: PropertyKey): readonly Shape[] {
  const name = String(key);
  if (items !== undefined && /^\d+$/.test(name)) return [items];
  const property = properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined;
  if (property !== undefined) return [property];
  return typeof additionalProperties === 'object' ? [additionalProperties] : [];
}
