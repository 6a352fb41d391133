/** Skips values of a writer's type that no reader wants, with the checks of reading them. */
import { type Cursor, Damage, readCount, readLength, readLong, readWholeLong, take } from './avro-cursor.ts';
import type { SchemaType } from './avro-schema.ts';

export type Skip = (c: Cursor) => void;

/** How deep skipped values nest: with a recursive schema a value could exhaust the stack. */
const DEPTH_MAX = 512;

/** Compiles each type once, so that a schema which repeats its types by name stays as small as its text. */
export function createSkips(): (type: SchemaType) => Skip {
  const compiled = new Map<SchemaType, Skip>();

  function skipOf(type: SchemaType): Skip {
    const known = compiled.get(type);
    if (known !== undefined) return known;
    let skip: Skip = () => {
      throw new Error('A type is used before it is compiled');
    };
    // A recursive type meets itself while it is compiled.
    compiled.set(type, (c) => skip(c));
    skip = compile(type);
    compiled.set(type, skip);
    return skip;
  }

  function compile(type: SchemaType): Skip {
    const { constantBytes } = type;
    if (constantBytes === 0) return () => {};
    if (constantBytes !== null) return (c) => void take(c, constantBytes);
    switch (type.kind) {
      case 'bytes':
      case 'string':
        return (c) => void take(c, readLength(c));
      case 'array':
        return skipParts(type.items, skipOf(type.items), 0);
      case 'map':
        return skipParts(type.values, skipOf(type.values), 1);
      case 'union': {
        const branches = type.branches.map(skipOf);
        return (c) => branchAt(branches, readLong(c))(c);
      }
      case 'record':
        return skipRecord(type.fields.map((field) => skipOf(field.type)));
      default:
        return readWholeLong;
    }
  }

  return skipOf;
}

/** Throws when the union has no such branch. */
export function branchAt<T>(branches: readonly T[], index: number): T {
  const branch = branches[index];
  if (branch === undefined) throw new Damage(`has branch ${index} of a union of ${branches.length}`);
  return branch;
}

function skipRecord(fields: readonly Skip[]): Skip {
  return (c) => {
    deeper(c);
    for (const field of fields) field(c);
    c.depth -= 1;
  };
}

function deeper(c: Cursor): void {
  c.depth += 1;
  if (c.depth > DEPTH_MAX) throw new Damage(`has values nested deeper than ${DEPTH_MAX}`);
}

/** `keyBytes`: the fewest bytes of an item's key; 0 for items without a key. */
function skipParts(item: SchemaType, skip: Skip, keyBytes: number): Skip {
  return (c) => {
    deeper(c);
    const part = { end: -1 };
    for (;;) {
      const count = readCount(c, item.leastBytes + keyBytes, part);
      if (count === 0) break;
      if (part.end >= 0) c.at = part.end;
      else if (keyBytes === 0 && item.constantBytes !== null) take(c, count * item.constantBytes);
      else skipItems(c, count, skip, keyBytes);
    }
    c.depth -= 1;
  };
}

function skipItems(c: Cursor, count: number, skip: Skip, keyBytes: number): void {
  for (let i = 0; i < count; i++) {
    if (keyBytes > 0) take(c, readLength(c));
    skip(c);
  }
}
