/**
 * Conditions that only compare numeric fields with constants, joined by AND. A comparison is one call, where the fast
 * tier makes a call for each operand too. Such a condition can't fail on a row.
 */
import type { Columns } from '../messages/columns.ts';
import type { Checked } from './checked.ts';

type Test = (row: number) => boolean;

/** Null for any other condition, and for a block whose values do not all lie in one array of numbers. */
export function plainCondition(condition: Checked, columns: Columns): Test | null {
  if (condition.kind === 'and') {
    const tests = condition.of.map((each) => plainCondition(each, columns));
    return tests.reduce((before, test) => (before === null || test === null ? null : both(before, test)));
  }
  if (condition.kind !== 'compare') return null;
  const values = valuesOf(condition.left, columns);
  const bound = constantOf(condition.right);
  if (values === null || bound === null) return null;
  // A comparison with NaN, which is null, is never true; that is why there is no != here.
  switch (condition.operator) {
    case '>':
      return (row) => values[row]! > bound;
    case '>=':
      return (row) => values[row]! >= bound;
    case '<':
      return (row) => values[row]! < bound;
    case '<=':
      return (row) => values[row]! <= bound;
    case '=':
      return (row) => values[row]! === bound;
    case '!=':
      return null;
  }
}

function both(before: Test, test: Test): Test {
  return (row) => before(row) && test(row);
}

function valuesOf(node: Checked, columns: Columns): Float64Array | null {
  if (node.kind !== 'field' || !['bigint', 'double'].includes(node.type.kind) || node.field.ticksPerMs !== 1)
    return null;
  const column = columns.column(node.field.path);
  if (column?.kind !== 'number' || column.exact !== null || column.nulls !== null) return null;
  return column.values;
}

/** Of the type of the other side, as a number that is exact. */
function constantOf(node: Checked): number | null {
  if (node.kind === 'cast')
    return node.isTry || node.to.type.kind !== 'double' || node.to.isSingle ? null : constantOf(node.of);
  if (node.kind !== 'constant' || !['bigint', 'double'].includes(node.type.kind)) return null;
  return typeof node.value === 'number' ? node.value : null;
}
