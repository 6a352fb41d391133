import { describe, expect, test } from 'vitest';
import { BUILTIN_TYPES } from '../../src/builtin-types.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { createRegistry } from '../../src/messages/registry.ts';
import { referenceBlock } from './avro-reference.ts';
import { goldenFiles } from './golden-files.ts';
import { commitHeaderType, GOLDEN } from './golden-values.ts';

const files = goldenFiles();
const CURRENT = [...BUILTIN_TYPES, commitHeaderType];

describe.each(files)(
  'a block that $name of version $fingerprint wrote',
  ({ fingerprint, schema, json, block, values }) => {
    const writer = dynamicEventType(schema);

    test('is decoded by its own schema', () => {
      expect(writer.fingerprint).toBe(fingerprint);
      expect(writer.decodeBlock(block)).toEqual(values);
    });

    test('is what the Avro specification makes of its events', () => {
      expect(block.equals(referenceBlock(schema, values))).toBe(true);
      expect(Buffer.from(writer.encodeBlock(values).bytes)).toEqual(block);
    });

    test('is decoded as the type of today', () => {
      const registry = createRegistry(BUILTIN_TYPES);
      registry.learn(fingerprint, json);
      // A window's results are read in the form in which they were written.
      const reader = registry.windowOf(fingerprint)?.type ?? CURRENT.find((type) => type.name === writer.name);
      if (reader === undefined) throw new Error(`${writer.name} is not a built-in type any more, but logs may hold it`);
      const decoded = registry.decodeAs<unknown>(dynamicEventType(reader.schema), fingerprint, block);
      const shared = new Set(reader.schema.fields.map((field) => field.name));
      const kept = values.map((value) =>
        Object.fromEntries(Object.entries(value).filter(([name]) => shared.has(name))),
      );
      expect(decoded).toMatchObject(kept);
    });
  },
);

test.each(CURRENT)('$name of today, $fingerprint, has its golden files', (type) => {
  const golden = files.find((file) => file.fingerprint === type.fingerprint);
  expect(golden, 'The schema has changed: add a golden of the new version, see golden-files.ts').toBeDefined();
  expect(withoutDocs(golden?.json ?? '')).toEqual(withoutDocs(type.json));
});

/** Docs may be mended at any time; a default decides what an old event reads as, and the fingerprint leaves it out. */
function withoutDocs(json: string): unknown {
  return JSON.parse(json, (key, value) => (key === 'doc' ? undefined : value));
}

test('the golden values of every type touch each symbol of its enums', () => {
  for (const { type, values } of GOLDEN) {
    for (const field of type.schema.fields) {
      if (typeof field.type !== 'object' || !('type' in field.type) || field.type.type !== 'enum') continue;
      expect(new Set(values.map((value) => value[field.name]))).toEqual(new Set(field.type.symbols));
    }
  }
});

test("the commit header's schema never changes: frames do not name the version that wrote them", () => {
  expect(commitHeaderType.fingerprint).toBe(files.find((file) => file.name === 'CommitHeader')?.fingerprint);
  expect(files.filter((file) => file.name === 'CommitHeader')).toHaveLength(1);
});
