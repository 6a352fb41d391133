/** The rows for training and evaluation: journaled vectors, with the labels that came for them later. */
import { exportFeatures } from '../../data-directory/export-features.ts';
import { type VectorStream, vectorStreams } from '../../data-directory/feature-vectors.ts';
import { readBlocks } from '../../data-directory/read-blocks.ts';
import { requireJournal } from '../../data-directory/require-journal.ts';
import type { Columns } from '../../messages/columns.ts';
import { fraudLabelType } from '../types.ts';

const DAY_MS = 86_400_000;
/** A label without the time of its transaction was known so long after it. */
const LABEL_DELAY_MS = 7 * DAY_MS;

export interface Label {
  readonly customerId: number;
  readonly occurredAtMs: number;
  readonly knownAtMs: number;
  readonly fraud: boolean;
  readonly scenario: number;
}

/** By transaction: of several labels the one that was known last. */
export type Labels = ReadonlyMap<number, Label>;

/** Rows in order of time, then of transaction. */
export interface LabelledRows {
  readonly features: readonly string[];
  readonly rows: number;
  /** Row after row, `features.length` values each. */
  readonly values: Float64Array;
  readonly transactions: Float64Array;
  readonly customers: Float64Array;
  /** Whole UTC days since the epoch. */
  readonly days: Int32Array;
  readonly amountsCents: Float64Array;
  readonly labels: Uint8Array;
  readonly scenarios: Uint8Array;
}

/** The stream of vectors with transactions in it. Throws, in words for people, when there is none. */
export function transactionVectors(dataDir: string): VectorStream {
  requireJournal(dataDir);
  const found = vectorStreams(dataDir).find(({ order }) => order === 'transactionId');
  if (found === undefined) {
    throw new Error(`${dataDir} has no features of transactions: run it with a pipeline file that has \`features:\``);
  }
  return found;
}

/** @param knownByMs labels that were known later are left out */
export async function readLabels(dataDir: string, knownByMs = Number.POSITIVE_INFINITY): Promise<Labels> {
  const labels = new Map<number, Label>();
  const isFirstHand = (log: string): boolean => !log.includes('.by.');
  for await (const block of readBlocks(dataDir, isFirstHand, (name) => name === fraudLabelType.name)) {
    const [transactionIds, customerIds, knownTimes, frauds] = ['transactionId', 'customerId', 'knownAt', 'fraud'].map(
      (field) => block.numbers(field),
    );
    const occurredAt = numberOrNaN(block, 'occurredAt');
    const scenario = numberOrNaN(block, 'scenario');
    for (let row = 0; row < block.count; row++) {
      const transactionId = transactionIds![row]!;
      const knownAtMs = knownTimes![row]!;
      const before = labels.get(transactionId);
      if (knownAtMs > knownByMs || (before !== undefined && before.knownAtMs > knownAtMs)) continue;
      const occurredAtMs = occurredAt(row);
      labels.set(transactionId, {
        customerId: customerIds![row]!,
        occurredAtMs: Number.isNaN(occurredAtMs) ? knownAtMs - LABEL_DELAY_MS : occurredAtMs,
        knownAtMs,
        fraud: frauds![row] === 1,
        scenario: scenario(row) || 0,
      });
    }
  }
  return labels;
}

/** Epoch ms, the end exclusive. All rows of the range are held in memory. */
export async function labelledRows(
  dataDir: string,
  stream: VectorStream,
  labels: Labels,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<LabelledRows> {
  const features = ['amountCents', ...stream.features];
  const facts = [stream.timeField, 'customerId'];
  const exported = await exportFeatures(dataDir, { ...stream, features: [...facts, ...features] }, fromMs, toMs);
  const { count } = exported;
  const width = features.length;
  const rows: LabelledRows = {
    features,
    rows: count,
    values: new Float64Array(count * width),
    transactions: new Float64Array(count),
    customers: new Float64Array(count),
    days: new Int32Array(count),
    amountsCents: new Float64Array(count),
    labels: new Uint8Array(count),
    scenarios: new Uint8Array(count),
  };
  for (let row = 0; row < count; row++) {
    const numbers = exported.row(row);
    const [transactionId = 0, timeMs = 0, customerId = 0, amountCents = 0] = numbers;
    rows.transactions[row] = transactionId;
    rows.customers[row] = customerId;
    rows.days[row] = Math.floor(timeMs / DAY_MS);
    rows.amountsCents[row] = amountCents;
    const label = labels.get(transactionId);
    rows.labels[row] = label?.fraud === true ? 1 : 0;
    rows.scenarios[row] = label?.fraud === true ? label.scenario : 0;
    rows.values.set(numbers.subarray(numbers.length - width), row * width);
  }
  return rows;
}

/** The values of these features alone, row after row; each has to be there. */
export function columnsOf({ features, rows, values }: LabelledRows, names: readonly string[]): Float64Array {
  const places = names.map((name) => features.indexOf(name));
  const width = places.length;
  const own = new Float64Array(rows * width);
  for (let row = 0; row < rows; row++) {
    for (let at = 0; at < width; at++) own[row * width + at] = values[row * features.length + places[at]!]!;
  }
  return own;
}

/** NaN where the field is null, or is not there. */
function numberOrNaN(block: Columns, field: string): (row: number) => number {
  const column = block.column(field);
  if (column?.kind !== 'number') return () => Number.NaN;
  const { values, nulls } = column;
  return (row) => (nulls?.[row] === 1 ? Number.NaN : values[row]!);
}
