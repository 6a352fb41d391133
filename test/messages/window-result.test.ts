/** A window's own record: its name and its aggregates come back from the schema that a log keeps. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRegistry } from '../../src/messages/registry.ts';
import { AGGREGATE_NAME, windowResultAt, windowResultType } from '../../src/messages/window-result.ts';

const windowName = fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9._-]{0,30}$/);
const aggregateNames = fc.uniqueArray(fc.stringMatching(AGGREGATE_NAME), { maxLength: 4 });

test('the names are read back from the schema, whatever they are', () => {
  fc.assert(
    fc.property(windowName, aggregateNames, fc.option(fc.string({ unit: 'grapheme' })), (window, aggregates, key) => {
      const { type } = windowResultType(window, aggregates);
      const result = {
        key,
        start: -1,
        end: 5,
        revision: 2,
        at: 4,
        count: 3,
        aggregates: Object.fromEntries(aggregates.map((name, i) => [name, i + 0.5])),
      };
      const block = type.encodeBlock([result]);
      const registry = createRegistry();
      registry.learn(type.fingerprint, type.json);
      const written = registry.windowOf(block.fingerprint);
      expect(written).toMatchObject({ window, aggregates });
      expect(written?.type.decodeBlock(block.bytes)).toEqual([result]);
      expect(windowResultAt(type.columns(block), aggregates, 0)).toEqual(result);
    }),
  );
});

test('two windows of the same form have records of their own', () => {
  const fingerprints = ['a.b', 'a_b', 'a-b', 'a_x2eb', 'a_b_'].map(
    (name) => windowResultType(name, ['n']).type.fingerprint,
  );
  expect(new Set(fingerprints).size).toBe(fingerprints.length);
});

test('any other record is no window', () => {
  expect(createRegistry().windowOf('0000000000000000')).toBeNull();
});
