/**
 * The columns of a key's rows: each value of an event or its label that aggregates need, once however many need it.
 * Null is NaN; a boolean is 1 for true, and 0 for false or null.
 */
import type { FeatureAggregate, FeatureWindow, ValueOf } from './feature-spec.ts';
import type { WindowBounds } from './key-windows.ts';
import type { SeriesSpec } from './series.ts';

export interface RowColumn {
  readonly of: ValueOf;
  readonly text: string;
  readonly isTruth: boolean;
}

/** An aggregate with its place among its window's series, and the columns that it reads itself. */
export interface PlacedAggregate {
  readonly aggregate: FeatureAggregate;
  readonly window: number;
  /** Among the window's; of share(): that of all events. */
  readonly series: number;
  /** Of share(): that of the events of which it is true. */
  readonly hits: number;
  /** −1 for none. */
  readonly value: number;
  readonly mask: number;
}

export interface RowLayout {
  /** Those of events, then those of labels, each at 1 and its place here in a row, since the time is at 0; then the id. */
  readonly columns: readonly RowColumn[];
  readonly bounds: readonly WindowBounds[];
  readonly aggregates: readonly PlacedAggregate[];
}

export function rowLayout(windows: readonly FeatureWindow[]): RowLayout {
  const needed = windows.flatMap(({ aggregates }) => aggregates.flatMap(columnsOf));
  const own = needed.filter((column, i) => needed.findIndex((other) => isSame(other, column)) === i);
  const columns = [...own.filter(({ of }) => of === 'event'), ...own.filter(({ of }) => of === 'label')];
  const at = (column: RowColumn | null): number =>
    column === null ? -1 : 1 + columns.findIndex((other) => isSame(other, column));
  const bounds: WindowBounds[] = [];
  const aggregates: PlacedAggregate[] = [];
  for (const { sizeMs, delayMs, aggregates: written } of windows) {
    const same = bounds.findIndex((other) => other.sizeMs === sizeMs && other.delayMs === delayMs);
    const window = same >= 0 ? same : bounds.length;
    const series: SeriesSpec[] = [...(bounds[window]?.series ?? [])];
    for (const aggregate of written) {
      const { fn } = aggregate;
      const [value, mask] = [at(valueColumn(aggregate)), at(maskColumn(aggregate))];
      const isShare = fn === 'share';
      const needs = {
        sum: fn === 'sum' || fn === 'avg' || fn === 'stddev',
        squares: fn === 'stddev',
        extremes: fn === 'min' || fn === 'max',
      };
      const all = seriesFor(series, { value: isShare ? -1 : value, mask, ...needs });
      const hits = isShare ? seriesFor(series, { value: -1, mask: at(hitColumn(aggregate)), ...needs }) : -1;
      aggregates.push({ aggregate, window, series: all, hits, value, mask });
    }
    bounds[window] = { sizeMs, delayMs, series };
  }
  return { columns, bounds, aggregates };
}

/** The place of a series of these values; what it keeps is what all that share it need. */
function seriesFor(series: SeriesSpec[], wanted: SeriesSpec): number {
  const found = series.findIndex(({ value, mask }) => value === wanted.value && mask === wanted.mask);
  if (found < 0) return series.push(wanted) - 1;
  const known = series[found]!;
  series[found] = {
    ...known,
    sum: known.sum || wanted.sum,
    squares: known.squares || wanted.squares,
    extremes: known.extremes || wanted.extremes,
  };
  return found;
}

function isSame(one: RowColumn, other: RowColumn): boolean {
  return one.of === other.of && one.text === other.text && one.isTruth === other.isTruth;
}

function columnsOf(aggregate: FeatureAggregate): RowColumn[] {
  const own = [valueColumn(aggregate), maskColumn(aggregate), hitColumn(aggregate)];
  return own.filter((column) => column !== null);
}

function valueColumn({ fn, value, of }: FeatureAggregate): RowColumn | null {
  return fn === 'share' || value === null ? null : { of, text: value, isTruth: false };
}

function maskColumn({ where, of }: FeatureAggregate): RowColumn | null {
  return where === undefined ? null : { of, text: where, isTruth: true };
}

function hitColumn({ fn, value, where, of }: FeatureAggregate): RowColumn | null {
  if (fn !== 'share' || value === null) return null;
  return { of, text: where === undefined ? value : `(${value}) AND (${where})`, isTruth: true };
}
