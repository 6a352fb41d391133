/** What a command checks or profiles: a file, or the tables of a data directory. */
import type { CheckedTable } from '../checks/checked-table.ts';
import { type FileStream, openFileTable } from '../checks/file-table.ts';
import { openStoreTables } from '../checks/store-tables.ts';
import { printableLine } from '../messages/printable.ts';
import { dataDirOf, type OptionValues } from './command.ts';

export async function openInputFile(path: string, stream: FileStream | null): Promise<CheckedTable> {
  const table = await openFileTable(path, stream);
  if (table.refused !== null) {
    const { count, first } = table.refused;
    note(`${count} records of ${path} can't be read; ${first}`);
  }
  return table;
}

export async function openDirectory(values: OptionValues): Promise<Pick<CheckedTable, 'rows' | 'close'>> {
  return openStoreTables(await dataDirOf(values), note);
}

function note(message: string): void {
  process.stderr.write(`millrace: ${printableLine(message)}\n`);
}
