/** An index of groups finds what a Map finds, whatever is added, removed and replaced, and whatever the keys are. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { columnsOfEvents } from '../../src/messages/columns.ts';
import { AGGREGATES } from '../../src/streams/aggregate-table.ts';
import {
  bindColumns,
  closeGroup,
  createGroups,
  type Groups,
  keyOfGroup,
  loadGroup,
  openForGroup,
  openForRow,
  saveGroup,
} from '../../src/streams/groups.ts';
import { type Key, keyColumn } from '../../src/streams/key-column.ts';
import {
  addGroup,
  clearIndex,
  createKeyIndex,
  findByGroup,
  findByRow,
  groupsOf,
  NONE,
  removeGroup,
  replaceGroup,
} from '../../src/streams/key-index.ts';
import { rowCount } from '../../src/streams/row-pool.ts';

function bind(groups: Groups, keys: readonly Key[]): void {
  const columns = columnsOfEvents(keys.map((key) => ({ key })));
  bindColumns(groups, keyColumn(columns, 'key'), columns);
}

const number = fc.oneof(
  fc.integer({ min: -40, max: 40 }),
  fc.constantFrom(-0, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 53), 2 ** 32, 2 ** 33),
  fc.double(),
);
const text = fc.oneof(
  fc.integer({ min: 0, max: 80 }).map((n) => `k${n}`),
  fc.constantFrom('', 'é', 'e\u0301', '🙂', 'k1é', '1'),
  fc.string({ unit: 'grapheme' }),
);
const block = fc.oneof(
  fc.array(fc.option(number, { freq: 20 }), { minLength: 1, maxLength: 80 }),
  fc.array(fc.option(text, { freq: 20 }), { minLength: 1, maxLength: 80 }),
);
const act = fc.constantFrom('open', 'open', 'open', 'remove', 'replace');

test('finds what a Map finds', () => {
  fc.assert(
    fc.property(fc.array(block, { minLength: 1, maxLength: 6 }), fc.infiniteStream(act), (blocks, acts) => {
      const groups = createGroups([], AGGREGATES, 0);
      const index = createKeyIndex();
      const known = new Map<Key, number>();
      for (const keys of blocks) {
        bind(groups, keys);
        for (const [row, given] of keys.entries()) {
          // A number that is not finite is null.
          const key = typeof given === 'number' && !Number.isFinite(given) ? null : given;
          const group = findByRow(index, groups, row);
          expect(group, String(key)).toBe(known.get(key) ?? NONE);
          const next = acts.next().value;
          if (group === NONE) {
            const opened = openForRow(groups, row);
            addGroup(index, groups, opened);
            known.set(key, opened);
            expect([keyOfGroup(groups, opened)]).toEqual([key === 0 ? 0 : key]);
          } else if (next === 'remove') {
            removeGroup(index, groups, group);
            closeGroup(groups, group);
            known.delete(key);
          } else if (next === 'replace') {
            const other = openForGroup(groups, group);
            replaceGroup(index, groups, group, other);
            closeGroup(groups, group);
            known.set(key, other);
          }
        }
      }
      expect(index.size).toBe(known.size);
      expect(rowCount(groups)).toBe(known.size);
      expect([...groupsOf(index)].sort()).toEqual([...known.values()].sort());
      for (const group of known.values()) expect(findByGroup(index, groups, group)).toBe(group);
    }),
    { numRuns: 300 },
  );
});

test('finds a group of a snapshot by an event of its key', () => {
  fc.assert(
    fc.property(block, (keys) => {
      const before = createGroups([], AGGREGATES, 0);
      bind(before, keys);
      const after = createGroups([], AGGREGATES, 0);
      bind(after, keys);
      for (const row of keys.keys()) {
        const index = createKeyIndex();
        const restored = loadGroup(after, saveGroup(before, openForRow(before, row), []));
        addGroup(index, after, restored);
        expect(findByRow(index, after, row)).toBe(restored);
        clearIndex(index);
        expect(findByRow(index, after, row)).toBe(NONE);
      }
    }),
  );
});
