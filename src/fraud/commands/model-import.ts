/** `millrace model import`: a model that was made elsewhere becomes one of the data directory. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { dataDirOf, type OptionValues, text } from '../../commands/command.ts';
import type { timeRange } from '../../commands/days.ts';
import { UsageError } from '../../commands/exit.ts';
import { importOnnx } from '../lab/import-onnx.ts';
import { labelledRows, readLabels, transactionVectors } from '../lab/labelled-rows.ts';
import { saveModel } from '../lab/model-files.ts';
import type { Model } from '../model.ts';

export const IMPORT_OPTIONS = {
  features: {
    type: 'string',
    value: 'NAMES',
    help: 'import: what each column of the model is, in its order, by commas',
  },
} as const;

export async function importModel(
  values: OptionValues,
  file: string,
  range: ReturnType<typeof timeRange>,
  alertsPerDay: number,
): Promise<Model> {
  const written = text(values, 'features');
  if (written === undefined)
    throw new UsageError('say what the columns of the model are: --features amountCents,terminal_risk_7day,…');
  const features = written.split(',').map((name) => name.trim());
  const dataDir = await dataDirOf(values);
  const stream = transactionVectors(dataDir);
  const bytes = bytesOf(file);
  const rows = await labelledRows(dataDir, stream, await readLabels(dataDir), range);
  const options = { ...range, name: basename(file), features, stream: stream.name, alertsPerDay };
  return saveModel(dataDir, importOnnx(bytes, rows, options));
}

function bytesOf(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UsageError(`can't read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
