/**
 * A schema as a graph of types, read from JSON that may come from outside. Its length, its depth and its names are checked
 * before anything is compiled for it.
 */
import { AVRO_PRIMITIVES, type AvroPrimitive, NAMESPACE } from './avro.ts';
import { isMap } from './json-map.ts';
import { type Logical, logicalName, logicalOf } from './logical-types.ts';

export type SchemaType =
  | ScalarType
  | FixedType
  | EnumType
  | RecordType
  | (Sized & { readonly kind: 'array'; readonly items: SchemaType })
  | (Sized & { readonly kind: 'map'; readonly values: SchemaType })
  | UnionType;

interface Sized {
  /** The fewest bytes of a value: a count is checked against it. */
  readonly leastBytes: number;
  /** The bytes of every value; null when they differ. */
  readonly constantBytes: number | null;
  /** How deep types nest. */
  readonly depth: number;
}

export interface ScalarType extends Sized {
  readonly kind: AvroPrimitive;
  readonly logical: Logical | null;
  /** A long of the engine's own records, which its code takes for a number: it must be a safe integer. */
  readonly isSafe: boolean;
}

export interface FixedType extends Sized {
  readonly kind: 'fixed';
  readonly name: string;
  readonly size: number;
  readonly logical: Logical | null;
}

export interface EnumType extends Sized {
  readonly kind: 'enum';
  readonly name: string;
  readonly symbols: readonly string[];
  /** Takes the place of an unknown symbol. */
  readonly fallback: string | null;
}

export type SingleType = ScalarType | FixedType | EnumType;

export interface RecordType extends Sized {
  readonly kind: 'record';
  readonly name: string;
  readonly fields: readonly FieldType[];
}

export interface FieldType {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly type: SchemaType;
  readonly hasDefault: boolean;
  /** As the schema's JSON has it. */
  readonly fallback: unknown;
}

export interface UnionType extends Sized {
  readonly kind: 'union';
  readonly branches: readonly SchemaType[];
}

const CHARACTERS_MAX = 1024 * 1024;
/** How deep brackets nest: a record in a record takes three. */
const NESTING_MAX = 256;
/** How deep types nest, also through their names. */
const DEPTH_MAX = 64;

/** Throws when the text is too long, nested too deeply, not JSON, or not a schema. */
export function parseSchemaText(text: string): SchemaType {
  if (text.length > CHARACTERS_MAX) {
    throw new Error(`it has ${text.length} characters; at most ${CHARACTERS_MAX} are read`);
  }
  checkNesting(text);
  return schemaType(JSON.parse(text));
}

function checkNesting(text: string): void {
  let depth = 0;
  let inText = false;
  for (let n = 0; n < text.length; n++) {
    const code = text.charCodeAt(n);
    if (inText) {
      if (code === BACKSLASH) n += 1;
      else if (code === QUOTE) inText = false;
    } else if (code === QUOTE) inText = true;
    else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      depth += 1;
      if (depth > NESTING_MAX) throw new Error(`it is nested deeper than ${NESTING_MAX} brackets`);
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth -= 1;
  }
}

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/** The type of a schema that is known to be a valid record. */
export function recordType(json: unknown): RecordType {
  const type = schemaType(json);
  if (type.kind !== 'record') throw new Error(`A schema of ${type.kind} is no record`);
  return type;
}

function schemaType(json: unknown): SchemaType {
  return typeOf(json, { named: new Map(), namespace: '', depth: 0 });
}

interface Scope {
  readonly named: Map<string, SchemaType>;
  readonly namespace: string;
  readonly depth: number;
}

const PRIMITIVE_BYTES: Readonly<Record<AvroPrimitive, number | null>> = {
  null: 0,
  boolean: 1,
  int: null,
  long: null,
  float: 4,
  double: 8,
  bytes: null,
  string: null,
};

function isPrimitive(name: unknown): name is AvroPrimitive {
  return typeof name === 'string' && AVRO_PRIMITIVES.includes(name);
}

function typeOf(json: unknown, outer: Scope): SchemaType {
  if (typeof json === 'string') return isPrimitive(json) ? scalar(json, {}, outer) : namedType(json, outer);
  const scope = { ...outer, depth: outer.depth + 1 };
  if (scope.depth > DEPTH_MAX) throw tooDeep();
  if (Array.isArray(json)) return unionOf(json, scope);
  if (!isMap(json)) throw new Error(`${JSON.stringify(json) ?? 'nothing'} is no type`);
  const { type } = json;
  if (isPrimitive(type)) return scalar(type, json, outer);
  switch (type) {
    case 'record':
    case 'error':
      return recordOf(json, scope);
    case 'enum':
      return enumOf(json, scope);
    case 'fixed':
      return fixedOf(json, scope);
    case 'array': {
      const items = typeOf(json.items, scope);
      return { kind: 'array', items, leastBytes: 1, constantBytes: null, depth: deeper(items) };
    }
    case 'map': {
      const values = typeOf(json.values, scope);
      return { kind: 'map', values, leastBytes: 1, constantBytes: null, depth: deeper(values) };
    }
    default:
      // `{"type": {"type": "string"}}` is what some writers make of an annotated type.
      return typeOf(type, scope);
  }
}

function scalar(kind: AvroPrimitive, annotation: Readonly<Record<string, unknown>>, { namespace }: Scope): ScalarType {
  const constantBytes = PRIMITIVE_BYTES[kind];
  const logical = logicalOf({ kind, size: 0, annotation });
  const isSafe = namespace === NAMESPACE;
  return { kind, logical, isSafe, leastBytes: constantBytes ?? 1, constantBytes, depth: 0 };
}

function deeper(...types: readonly SchemaType[]): number {
  const depth = 1 + types.reduce((deepest, type) => Math.max(deepest, type.depth), 0);
  if (depth > DEPTH_MAX) throw tooDeep();
  return depth;
}

function tooDeep(): Error {
  return new Error(`its types are nested deeper than ${DEPTH_MAX}`);
}

function namedType(name: string, { named, namespace }: Scope): SchemaType {
  const found = named.get(qualified(name, namespace)) ?? named.get(name);
  if (found === undefined) throw new Error(`it names the type ${shown(name)}, which it does not define before`);
  return found;
}

export function qualified(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
}

function define<T extends SchemaType>(type: T & { readonly name: string }, { named }: Scope): T {
  if (named.has(type.name)) throw new Error(`it defines the type ${shown(type.name)} twice`);
  named.set(type.name, type);
  return type;
}

function nameOf(json: Readonly<Record<string, unknown>>, { namespace }: Scope): string {
  const { name, namespace: own } = json;
  if (typeof name !== 'string' || name === '') throw new Error(`a type of kind ${String(json.type)} has no name`);
  return qualified(name, typeof own === 'string' ? own : namespace);
}

function recordOf(json: Readonly<Record<string, unknown>>, outer: Scope): RecordType {
  const name = nameOf(json, outer);
  const dot = name.lastIndexOf('.');
  const scope = { ...outer, namespace: dot < 0 ? '' : name.slice(0, dot) };
  const fields: FieldType[] = [];
  // Registered before its fields, since they may refer to it by name. Until then its values may be empty.
  const record = {
    kind: 'record' as const,
    name,
    fields,
    leastBytes: 0,
    constantBytes: null as number | null,
    depth: 0,
  };
  define(record, outer);
  if (!Array.isArray(json.fields)) throw new Error(`the record ${shown(name)} has no list of fields`);
  const names = new Set<string>();
  for (const field of json.fields) {
    if (!isMap(field) || typeof field.name !== 'string') throw new Error(`${shown(name)} has a field without a name`);
    if (names.has(field.name)) throw new Error(`${shown(name)} has two fields named ${shown(field.name)}`);
    names.add(field.name);
    fields.push({
      name: field.name,
      aliases: Array.isArray(field.aliases) ? field.aliases.filter((alias) => typeof alias === 'string') : [],
      type: typeOf(field.type, scope),
      hasDefault: Object.hasOwn(field, 'default'),
      fallback: field.default,
    });
  }
  record.depth = deeper(...fields.map(({ type }) => type));
  record.leastBytes = fields.reduce((sum, { type }) => sum + type.leastBytes, 0);
  record.constantBytes = fields.reduce<number | null>(
    (sum, { type: { constantBytes } }) => (sum === null || constantBytes === null ? null : sum + constantBytes),
    0,
  );
  return record;
}

function enumOf(json: Readonly<Record<string, unknown>>, scope: Scope): SchemaType {
  const name = nameOf(json, scope);
  const { symbols } = json;
  if (!Array.isArray(symbols) || !symbols.every((symbol) => typeof symbol === 'string')) {
    throw new Error(`the enum ${shown(name)} has no list of symbols`);
  }
  const fallback = typeof json.default === 'string' ? json.default : null;
  return define({ kind: 'enum', name, symbols, fallback, leastBytes: 1, constantBytes: null, depth: 0 }, scope);
}

function fixedOf(json: Readonly<Record<string, unknown>>, scope: Scope): SchemaType {
  const name = nameOf(json, scope);
  const { size } = json;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw new Error(`the fixed ${shown(name)} has no size`);
  }
  const logical = logicalOf({ kind: 'fixed', size, annotation: json });
  return define({ kind: 'fixed', name, size, logical, leastBytes: size, constantBytes: size, depth: 0 }, scope);
}

function unionOf(json: readonly unknown[], scope: Scope): UnionType {
  const branches = json.map((branch) => typeOf(branch, scope));
  const names = new Set<string>();
  for (const branch of branches) {
    if (branch.kind === 'union') throw new Error('it has a union within a union');
    const name = branchName(branch);
    if (names.has(name)) throw new Error(`it has a union with two branches of ${shown(name)}`);
    names.add(name);
  }
  return { kind: 'union', branches, leastBytes: 1, constantBytes: null, depth: deeper(...branches) };
}

/** The name by which a union tells its branches apart. */
export function branchName(type: SchemaType): string {
  return 'name' in type ? type.name : type.kind;
}

/** The type in words for people. */
export function typeText(type: SchemaType): string {
  if (type.kind === 'union') return `union of ${type.branches.map(typeText).join(', ').slice(0, SHOWN)}`;
  const name = 'name' in type ? `${type.kind} ${shown(type.name)}` : type.kind;
  return 'logical' in type && type.logical !== null ? `${name} of ${logicalName(type.logical)}` : name;
}

const SHOWN = 200;

function shown(name: string): string {
  return name.slice(0, SHOWN);
}
