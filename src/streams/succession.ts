/**
 * Events that an operator gives in order of event time, as an operator behind it in the same partition sees them: each
 * event, each movement of the watermark and each flush in the order in which the first operator had them. So what the second
 * makes of them does not depend on how the input was cut into batches, and there is no other log between the two.
 */
import type { Columns } from '../messages/columns.ts';

export interface Succession {
  readonly stream: string;
  /** Events of the batch, and their times; null when there are none. Good until the batch is taken. */
  events(): { readonly columns: Columns; readonly timesMs: Float64Array } | null;
  /** The watermark before the first of them. */
  watermarkMs(): number;
  readonly marks: Marks;
}

/** What happened between events, in order. */
export interface Marks {
  count: number;
  kinds: Uint8Array;
  /** How many events of the batch came before. */
  rows: Uint32Array;
  watermarksMs: Float64Array;
}

/** The watermark moved; everything open was to be given; a step of the batch ended. */
export const [MOVED, FLUSHED, STEP_ENDED] = [0, 1, 2] as const;

export function createMarks(): Marks {
  return { count: 0, kinds: new Uint8Array(64), rows: new Uint32Array(64), watermarksMs: new Float64Array(64) };
}

export function addMark(marks: Marks, kind: number, rows: number, watermarkMs: number): void {
  const { count } = marks;
  if (count === marks.kinds.length) {
    const [kinds, before, watermarksMs] = [marks.kinds, marks.rows, marks.watermarksMs];
    marks.kinds = new Uint8Array(2 * count);
    marks.kinds.set(kinds);
    marks.rows = new Uint32Array(2 * count);
    marks.rows.set(before);
    marks.watermarksMs = new Float64Array(2 * count);
    marks.watermarksMs.set(watermarksMs);
  }
  marks.kinds[count] = kind;
  marks.rows[count] = rows;
  marks.watermarksMs[count] = watermarkMs;
  marks.count += 1;
}
