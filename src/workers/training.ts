/** Training from another thread: the event loop stays free, and what fails in there fails the training alone. */
import type { Fitted, Recipe } from '../models/fit.ts';
import type { LabelledTable } from '../models/table.ts';
import { startThreadPool, taskFile } from './pool.ts';

/** Rejects in words for people for rows that nothing can be learned from. The table's memory moves to the thread. */
export async function trainInPool(table: LabelledTable, recipe: Recipe): Promise<Fitted> {
  const pool = startThreadPool({ threads: 1, idleMs: 0 });
  try {
    return await pool.run({ table, recipe }, { filename: taskFile('train-model') });
  } finally {
    await pool.close();
  }
}
