/** Features of a range of time as rows: the id of each event, or its time where it has none, and its features, in order. */
import type { Columns } from '../messages/columns.ts';
import { readVectors, type VectorStream } from './feature-vectors.ts';

export interface FeatureRows {
  /** The names of the columns. The first is that of the id, or that of the time in epoch ms. */
  readonly columns: readonly string[];
  readonly count: number;
  /** The numbers of a row, by its place in order; NaN for null. */
  row(place: number): Float64Array;
}

/** Exports vectors of a time range in epoch ms; its end is exclusive. All rows of the range are held in memory. */
export async function exportFeatures(
  dataDir: string,
  stream: VectorStream,
  fromMs: number,
  toMs: number,
): Promise<FeatureRows> {
  const { timeField, order, features } = stream;
  const fields = [order ?? timeField, ...features];
  const width = fields.length;
  let times = new Float64Array(1 << 12);
  let numbers = new Float64Array(width << 12);
  let count = 0;
  for await (const block of readVectors(dataDir, stream)) {
    const timesMs = block.numbers(timeField);
    const read = fields.map((field) => numbersOf(block, field));
    for (let row = 0; row < block.count; row++) {
      const timeMs = timesMs[row]!;
      if (timeMs < fromMs || timeMs >= toMs) continue;
      if (count === times.length) {
        times = grown(times);
        numbers = grown(numbers);
      }
      times[count] = timeMs;
      for (let i = 0; i < width; i++) numbers[count * width + i] = read[i]!(row);
      count += 1;
    }
  }
  const places = Uint32Array.from({ length: count }, (_, i) => i);
  const idOf = (place: number): number => numbers[place * width]!;
  places.sort((a, b) => times[a]! - times[b]! || idOf(a) - idOf(b));
  return {
    columns: [snakeCase(order ?? timeField), ...features],
    count,
    row: (place) => numbers.subarray(places[place]! * width, (places[place]! + 1) * width),
  };
}

function grown(from: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * from.length);
  larger.set(from);
  return larger;
}

function numbersOf(block: Columns, field: string): (row: number) => number {
  const column = block.column(field);
  if (column?.kind !== 'number') throw new Error(`Vectors have no feature ${field}`);
  const { values, nulls } = column;
  return (row) => (nulls?.[row] === 1 ? Number.NaN : values[row]!);
}

/** The name as columns of tables are called. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
