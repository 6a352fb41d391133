/**
 * Avro's schema resolution, value by value: reads bytes of a writer's schema as values of the reader's schema.
 *
 * A pair of types is refused only when no value of the writer's type can be one of the reader's. Otherwise a single value
 * that can't is a misfit of its record: null where the reader has no null, a branch of a wider union, an unknown symbol.
 * Names of records are not compared, since Spark and others give the record of every file the same name.
 */
import {
  charge,
  checkPartEnd,
  goDeeper,
  misfit,
  type Read,
  readCount,
  readLong,
  readText,
  within,
} from './avro-cursor.ts';
import { isWrapped } from './avro-default.ts';
import { type Resolved, type Resolver, recordReader, type Unresolved } from './avro-record.ts';
import { finiteOrNull, type SingleReader, singleReader } from './avro-scalars.ts';
import {
  branchName,
  type RecordType,
  type SchemaType,
  type SingleType,
  typeText,
  type UnionType,
} from './avro-schema.ts';
import { branchAt, type Skip } from './avro-skip.ts';

/** How deep pairs of types may nest while they are compiled. */
const COMPILED_DEPTH_MAX = 512;
const LIST_BYTES = 48;
const ITEM_BYTES = 16;
const ENTRY_BYTES = 48;

export function createResolver(skipOf: (type: SchemaType) => Skip): Resolver {
  const resolved = new Map<SchemaType, Map<SchemaType, Resolved>>();
  let depth = 0;

  function resolve(writer: SchemaType, reader: SchemaType): Resolved {
    let pairs = resolved.get(writer);
    if (pairs === undefined) {
      pairs = new Map();
      resolved.set(writer, pairs);
    }
    const known = pairs.get(reader);
    if (known !== undefined) return known;
    let target: Read = (c) => misfit(c, 'wrong-type', 'is of a type that can not be read');
    // A recursive pair meets itself while it is compiled.
    pairs.set(reader, { ok: true, read: (c) => target(c) });
    depth += 1;
    if (depth > COMPILED_DEPTH_MAX) throw new Error('its types are nested too deeply');
    const result = resolvePair(writer, reader);
    depth -= 1;
    if (result.ok) target = result.read;
    pairs.set(reader, result);
    return result;
  }

  function resolvePair(writer: SchemaType, reader: SchemaType): Resolved {
    if (writer.kind === 'union') return ofUnion(writer, reader, resolve);
    if (reader.kind === 'union') return asUnion(writer, reader, resolve);
    if (writer.kind === 'record' && reader.kind === 'record') return recordReader(writer, reader, null, resolver);
    if (writer.kind === 'array' && reader.kind === 'array') {
      return mapped(resolve(writer.items, reader.items), '[]', (read) => listReader(writer.items, read));
    }
    if (writer.kind === 'map' && reader.kind === 'map') {
      return mapped(resolve(writer.values, reader.values), '{}', (read) => mapReader(writer.values, read));
    }
    const single = isSingle(writer) && isSingle(reader) ? singleReader(writer, reader) : 'other-type';
    return typeof single === 'function' ? { ok: true, read: single } : refused(writer, reader, single);
  }

  const resolver = { resolve, skipOf };
  return resolver;
}

type Resolve = Resolver['resolve'];

/** Reads a container's values as events: the container holds records, or a union with records. */
export function eventReader(writer: SchemaType, reader: RecordType, keyField: string, by: Resolver): Resolved {
  if (writer.kind === 'record') return recordReader(writer, reader, keyField, by);
  if (writer.kind !== 'union') return refused(writer, reader, 'other-type');
  const ofBranch = (branch: SchemaType): Resolved => eventReader(branch, reader, keyField, by);
  return ofUnion(writer, reader, ofBranch);
}

function isSingle(type: SchemaType): type is SingleType {
  return type.kind !== 'record' && type.kind !== 'array' && type.kind !== 'map' && type.kind !== 'union';
}

function refused(writer: SchemaType, reader: SchemaType, why: Exclude<SingleReader, Read>): Unresolved {
  const isLogical = why === 'no-conversion';
  const types = `is written as ${typeText(writer)} and the stream's schema has ${typeText(reader)}`;
  const problem = isLogical ? `${types}: there is no exact conversion` : types;
  return { ok: false, path: [], problem, isLogical };
}

function mapped(inner: Resolved, step: string, make: (read: Read) => Read): Resolved {
  return inner.ok ? { ok: true, read: make(inner.read) } : { ...inner, path: [step, ...inner.path] };
}

/** Resolves each branch by itself; refused when no value of any branch fits, or the only type means something else. */
function ofUnion(writer: UnionType, reader: SchemaType, resolve: Resolve): Resolved {
  const branches = writer.branches.map((branch) => resolve(branch, reader));
  const problems = branches.filter((branch) => !branch.ok);
  const isFit = branches.some((branch, i) => branch.ok && writer.branches[i]?.kind !== 'null');
  const logical = problems.find(({ isLogical }) => isLogical);
  if (!isFit && logical !== undefined) return logical;
  const [only] = problems;
  if (only !== undefined && problems.length === branches.length) {
    return problems.length === 1 ? only : refused(writer, reader, 'other-type');
  }
  const wanted = typeText(reader);
  const reads = branches.map((branch, i) => (branch.ok ? branch.read : unfitBranch(writer.branches[i], wanted)));
  return { ok: true, read: (c) => branchAt(reads, readLong(c))(c) };
}

function unfitBranch(branch: SchemaType | undefined, wanted: string): Read {
  const found = branch === undefined ? 'nothing' : typeText(branch);
  return (c) => misfit(c, 'wrong-type', `must be ${wanted}: found ${found}`);
}

/** The branch that is nearest to the writer's type; the first of equally near ones. */
function asUnion(writer: SchemaType, reader: UnionType, resolve: Resolve): Resolved {
  let best: { readonly branch: SchemaType; readonly read: Read; readonly distance: number } | null = null;
  let logical: Unresolved | null = null;
  for (const branch of reader.branches) {
    const result = resolve(writer, branch);
    const distance = distanceOf(writer, branch);
    if (!result.ok) logical = result.isLogical ? result : logical;
    else if (best === null || distance < best.distance) best = { branch, read: result.read, distance };
  }
  if (best === null) return logical ?? refused(writer, reader, 'other-type');
  const { branch, read } = best;
  // The rule of all formats: a number that is not finite is null.
  const isNullable = reader.branches.some(({ kind }) => kind === 'null');
  const finite = isNullable ? finiteOrNull(writer, read) : read;
  if (branch.kind === 'null' || !isWrapped(reader)) return { ok: true, read: finite };
  const name = branchName(branch);
  return { ok: true, read: wrapped(name, finite) };
}

/** avsc's form of a value of a union whose branches look alike. */
function wrapped(name: string, read: Read): Read {
  return (c) => {
    const value = read(c);
    charge(c, ENTRY_BYTES);
    return value === null ? null : { [name]: value };
  };
}

/** The promotions of Avro's specification come before other exact readings. */
const PROMOTIONS: Readonly<Record<string, readonly string[]>> = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double'],
  string: ['bytes'],
  bytes: ['string'],
};

function distanceOf(writer: SchemaType, branch: SchemaType): number {
  if (writer.kind !== branch.kind) return PROMOTIONS[writer.kind]?.includes(branch.kind) ? 3 : 4;
  if ('name' in writer && 'name' in branch) {
    if (writer.name === branch.name) return 0;
    return unqualified(writer) === unqualified(branch) ? 1 : 2;
  }
  const same = 'logical' in writer && 'logical' in branch && writer.logical?.kind === branch.logical?.kind;
  return isSingle(writer) && !same ? 1 : 0;
}

function unqualified({ name }: Pick<RecordType, 'name'>): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

function listReader(items: SchemaType, read: Read): Read {
  return (c) => {
    if (!goDeeper(c)) return null;
    charge(c, LIST_BYTES);
    const list: unknown[] = [];
    const part = { end: -1 };
    for (;;) {
      const count = readCount(c, items.leastBytes, part);
      if (count === 0) break;
      charge(c, ITEM_BYTES * count);
      const { end } = part;
      for (let i = 0; i < count; i++) {
        const item = read(c);
        if (c.failed) return within(c, `[${list.length}]`);
        list.push(item);
      }
      checkPartEnd(c, end);
    }
    c.depth -= 1;
    return list;
  };
}

function mapReader(values: SchemaType, read: Read): Read {
  return (c) => {
    if (!goDeeper(c)) return null;
    charge(c, LIST_BYTES);
    const map: Record<string, unknown> = {};
    const part = { end: -1 };
    for (;;) {
      const count = readCount(c, values.leastBytes + 1, part);
      if (count === 0) break;
      charge(c, ENTRY_BYTES * count);
      const { end } = part;
      for (let i = 0; i < count; i++) {
        const key = readText(c);
        if (c.failed || key === null) return within(c, 'a key');
        // Decoding the event again would set a prototype instead of the key, and lose it.
        if (key === '__proto__') {
          misfit(c, 'unknown-field', 'is not allowed as a key of a map');
          return within(c, key);
        }
        const value = read(c);
        if (c.failed) return within(c, key);
        map[key] = value;
      }
      checkPartEnd(c, end);
    }
    c.depth -= 1;
    return map;
  };
}
