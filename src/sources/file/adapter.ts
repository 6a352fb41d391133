/** Files, read from their beginning to their end one after another, and on from there when they have grown. */
import { accessSync, constants, statSync } from 'node:fs';
import { z } from 'zod';
import { sourceAdapter } from '../adapter.ts';
import { createFileSource } from './file.ts';
import { createFilesSource } from './one-after-another.ts';
import { fileFormat, INPUT_FILES } from './open.ts';
import { allFilesOf } from './paths.ts';

export const fileSource = sourceAdapter({
  kind: 'file',
  schema: z.strictObject({
    path: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .describe('A file, a pattern such as in/*.csv, or several; the files of a pattern are read by name.'),
  }),
  derive: ({ path }, resolve) => ({ paths: (typeof path === 'string' ? [path] : path).map(resolve) }),
  print: ({ paths }) => ({ path: paths.length === 1 ? paths[0] : paths }),
  check({ paths }, _, report) {
    const problem = paths.map(formatProblem).find((each) => each !== null);
    if (problem !== undefined) report(['source'], problem);
  },
  missing({ paths }) {
    const [problem] = paths.flatMap((path) => filesProblem(path) ?? []);
    return problem === undefined ? null : { key: 'file.path', message: problem };
  },
  open({ paths }, { schema, key, format }, { readInput }) {
    const open = (path: string) => createFileSource({ path, schema, keyField: key, format, readInput });
    return createFilesSource(allFilesOf(paths).map(open));
  },
});

/** Why a file of this name can't be read. */
export function formatProblem(path: string): string | null {
  return fileFormat(path) === null ? `its name must end in ${INPUT_FILES}` : null;
}

/** Why what a path names can't be read. */
function filesProblem(path: string): string | null {
  const files = allFilesOf([path]);
  if (files.length === 0) return `${path}: no file matches`;
  return files.map(fileProblem).find((problem) => problem !== null) ?? null;
}

function fileProblem(path: string): string | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return `${path}: there is no such file`;
  if (!stat.isFile()) return `${path} is no file`;
  try {
    accessSync(path, constants.R_OK);
    return null;
  } catch {
    return `${path} can't be read by this user`;
  }
}
