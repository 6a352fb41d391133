/** Finds where a value of a block ends without decoding it. */
import type { SchemaType } from './avro-schema.ts';
import { endOfLong, readLong } from './read-long.ts';

/** Returns where the value that begins at `at` ends. Throws when that is behind the end of the bytes. */
export type SkipValue = (bytes: Uint8Array, at: number) => number;

/** Makes a function for each type once: a type may lie within itself. */
export function createValueSkips(): (type: SchemaType) => SkipValue {
  const made = new Map<SchemaType, SkipValue>();

  function skipOf(type: SchemaType): SkipValue {
    const known = made.get(type);
    if (known !== undefined) return known;
    let skip: SkipValue = skipLong;
    made.set(type, (bytes, at) => skip(bytes, at));
    skip = compile(type);
    made.set(type, skip);
    return skip;
  }

  function compile(type: SchemaType): SkipValue {
    const { constantBytes } = type;
    if (constantBytes !== null) return (_, at) => at + constantBytes;
    switch (type.kind) {
      case 'bytes':
      case 'string':
        return skipSized;
      case 'array':
        return skipItems(skipOf(type.items));
      case 'map': {
        const skipValue = skipOf(type.values);
        return skipItems((bytes, at) => skipValue(bytes, skipSized(bytes, at)));
      }
      case 'union': {
        const branches = type.branches.map(skipOf);
        return (bytes, at) => {
          const branch = branches[readLong(bytes, at)];
          if (branch === undefined) throw new Error('A value of a block has a branch that its union has not');
          return branch(bytes, endOfLong());
        };
      }
      case 'record': {
        const fields = type.fields.map((field) => skipOf(field.type));
        return (bytes, start) => {
          let at = start;
          for (let i = 0; i < fields.length; i++) at = fields[i]!(bytes, at);
          return at;
        };
      }
      default:
        return skipLong;
    }
  }

  return skipOf;
}

function skipLong(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at]! >= 0x80) at += 1;
  return at + 1;
}

function skipSized(bytes: Uint8Array, at: number): number {
  const length = readLong(bytes, at);
  return endOfLong() + length;
}

function skipItems(skip: SkipValue): SkipValue {
  return (bytes, start) => {
    let at = start;
    for (;;) {
      const count = readLong(bytes, at);
      at = endOfLong();
      if (count === 0) return at;
      if (count < 0) {
        const size = readLong(bytes, at);
        at = endOfLong() + size;
      } else for (let i = 0; i < count && at <= bytes.length; i++) at = skip(bytes, at);
      if (!(at <= bytes.length)) throw new Error('A block ends in the middle of a value');
    }
  };
}
