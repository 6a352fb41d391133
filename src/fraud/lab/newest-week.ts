/** The newest week whose labels are due: what a model is judged by before it is promoted. */
import { readVectors, type VectorStream } from '../../data-directory/feature-vectors.ts';

const DAY_MS = 86_400_000;
export const WEEK_MS = 7 * DAY_MS;

/** Whole UTC days; the end is exclusive. Throws when there is no vector. */
export async function newestLabelledWeek(
  dataDir: string,
  stream: VectorStream,
): Promise<{ readonly fromMs: number; readonly toMs: number }> {
  let newestMs = Number.NEGATIVE_INFINITY;
  for await (const block of readVectors(dataDir, stream)) {
    for (const timeMs of block.numbers(stream.timeField)) if (timeMs > newestMs) newestMs = timeMs;
  }
  if (newestMs === Number.NEGATIVE_INFINITY) throw new Error(`${stream.name} has no vector yet`);
  // A label takes a week at most.
  const toMs = Math.floor(newestMs / DAY_MS) * DAY_MS - WEEK_MS;
  return { fromMs: toMs - WEEK_MS, toMs };
}
