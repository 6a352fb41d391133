/** Trains a model in a thread of the pool. */
import { type Fitted, type Recipe, trainOn } from '../models/fit.ts';
import type { LabelledTable } from '../models/table.ts';

interface TrainTask {
  readonly table: LabelledTable;
  readonly recipe: Recipe;
}

export default async function trainTask({ table, recipe }: TrainTask): Promise<Fitted> {
  return trainOn(table, recipe);
}
