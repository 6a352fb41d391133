/** A window's own record: its name and its aggregates come back from the schema that a log keeps. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BUILTIN_TYPES } from '../../src/builtin-types.ts';
import type { AvroSchema } from '../../src/messages/avro.ts';
import { createRegistry } from '../../src/messages/registry.ts';
import {
  AGGREGATE_NAME,
  type WindowValue,
  windowResultAt,
  windowResultType,
} from '../../src/messages/window-result.ts';

const windowName = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9._-]{0,30}$/);
/** Of each type that an aggregate may give, a value. */
const values: readonly (readonly [AvroSchema, WindowValue])[] = [
  ['double', 0.5],
  [['null', 'double'], null],
  [['null', 'string'], 'é'],
  [{ type: 'array', items: 'double' }, [1, -2.5]],
  [{ type: 'array', items: 'string' }, []],
];
const aggregateNames = fc.uniqueArray(fc.stringMatching(AGGREGATE_NAME), { maxLength: 5 });

test('the names are read back from the schema, whatever they are', () => {
  fc.assert(
    fc.property(windowName, aggregateNames, fc.option(fc.string({ unit: 'grapheme' })), (window, aggregates, key) => {
      const fields = aggregates.map((name, i) => ({ name, type: values[i % values.length]?.[0] ?? 'double' }));
      const { type } = windowResultType(window, fields);
      const result = {
        key,
        start: -1,
        end: 5,
        revision: 2,
        at: 4,
        count: 3,
        aggregates: Object.fromEntries(fields.map(({ name }, i) => [name, values[i % values.length]?.[1] ?? null])),
      };
      const block = type.encodeBlock([result]);
      const registry = createRegistry(BUILTIN_TYPES);
      registry.learn(type.fingerprint, type.json);
      const written = registry.windowOf(block.fingerprint);
      expect(written).toMatchObject({ window, aggregates: fields });
      expect(written?.type.decodeBlock(block.bytes)).toEqual([result]);
      expect(windowResultAt(type.columns(block), 0)).toEqual(result);
    }),
  );
});

test('two windows of the same form have records of their own', () => {
  const fingerprints = ['a.b', 'a_b', 'a-b', 'a_x2eb', 'a_b_'].map(
    (name) => windowResultType(name, [{ name: 'n', type: 'double' }]).type.fingerprint,
  );
  expect(new Set(fingerprints).size).toBe(fingerprints.length);
});

test('any other record is no window', () => {
  expect(createRegistry(BUILTIN_TYPES).windowOf('0000000000000000')).toBeNull();
});
