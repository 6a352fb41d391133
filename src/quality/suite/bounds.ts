/** Bounds of a value, as SQL and in words. */
import type { Bound, Bounds } from './suite.ts';
import { comparable, type TableColumn } from './table-column.ts';

/** SQL that is true of a value within the bounds, null of null; `TRUE` without bounds. */
export function withinSql(value: string, bounds: Bounds, column: TableColumn): string {
  const { min_value: min, max_value: max, strict_min: isAbove, strict_max: isBelow } = bounds;
  const parts = [
    ...(min === null ? [] : [`${value} ${isAbove ? '>' : '>='} ${comparable(min, column, 'min_value')}`]),
    ...(max === null ? [] : [`${value} ${isBelow ? '<' : '<='} ${comparable(max, column, 'max_value')}`]),
  ];
  return parts.length === 0 ? 'TRUE' : parts.join(' AND ');
}

/** Of a number that was computed; false for one that is not there. */
export function isWithin(value: number | null, bounds: Bounds): boolean {
  if (value === null || Number.isNaN(value)) return false;
  const { min_value: min, max_value: max, strict_min: isAbove, strict_max: isBelow } = bounds;
  if (min !== null && !(isAbove ? value > Number(min) : value >= Number(min))) return false;
  return max === null || (isBelow ? value < Number(max) : value <= Number(max));
}

export function boundsText({
  min_value: min,
  max_value: max,
  strict_min: isAbove,
  strict_max: isBelow,
}: Bounds): string {
  if (min === null && max === null) return 'of any size';
  if (max === null) return `${isAbove ? 'above' : 'at least'} ${shown(min)}`;
  if (min === null) return `${isBelow ? 'below' : 'at most'} ${shown(max)}`;
  const without = [...(isAbove ? [shown(min)] : []), ...(isBelow ? [shown(max)] : [])];
  return `between ${shown(min)} and ${shown(max)}${without.length === 0 ? '' : `, without ${without.join(' and ')}`}`;
}

function shown(bound: Bound): string {
  return String(bound);
}
