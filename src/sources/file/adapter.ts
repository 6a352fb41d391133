/** A file, read from its beginning to its end, and on from there when it has grown. */
import { accessSync, constants, statSync } from 'node:fs';
import { z } from 'zod';
import { sourceAdapter } from '../adapter.ts';
import { createFileSource } from './file.ts';

const INPUT_FILES = /\.((csv|jsonl|avro)(\.gz)?|parquet)$/;
const WRONG_INPUT_FILE = 'its name must end in .csv, .jsonl or .avro, in one of these and .gz, or in .parquet';

export const fileSource = sourceAdapter({
  kind: 'file',
  schema: z.strictObject({ path: z.string().min(1) }),
  derive: ({ path }, resolve) => ({ path: resolve(path) }),
  print: ({ path }) => ({ path }),
  check({ path }, _, report) {
    const problem = formatProblem(path);
    if (problem !== null) report(['source'], problem);
  },
  missing({ path }) {
    const problem = fileProblem(path);
    return problem === null ? null : { key: 'file.path', message: `${path}${problem}` };
  },
  open({ path }, { schema, key, format }, { readInput }) {
    return createFileSource({ path, schema, keyField: key, format, readInput });
  },
});

/** Why a file of this name can't be read. */
export function formatProblem(path: string): string | null {
  return INPUT_FILES.test(path) ? null : WRONG_INPUT_FILE;
}

/** Why a file can't be read, as what follows its path. */
function fileProblem(path: string): string | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return ': there is no such file';
  if (!stat.isFile()) return ' is no file';
  try {
    accessSync(path, constants.R_OK);
    return null;
  } catch {
    return " can't be read by this user";
  }
}
