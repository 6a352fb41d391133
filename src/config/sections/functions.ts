/** The functions of SQL that users wrote: each module is loaded before anything starts. */
import { z } from 'zod';
import { loadUserFunctionsBy, type UserFunction } from '../../sql/user-function.ts';
import { functionNameFault } from '../../sql/user-function-name.ts';
import { AGGREGATES } from '../../streams/aggregate-table.ts';
import { FunctionError } from '../../user-code/function-definition.ts';
import { describeFunction, loadUserFunction } from '../../user-code/load-function.ts';
import { ModuleError } from '../../user-code/module-file.ts';
import { type Reading, section } from '../section.ts';

const module = z
  .string()
  .min(1)
  .describe("JavaScript, or TypeScript on a Node that runs it, relative to this file's folder.");
const written = z.union([
  module,
  z.strictObject({ module, export: z.string().min(1).default('default').describe("The export's name.") }),
]);

export const functionsSection = section({
  key: 'functions',
  schema: z
    .record(z.string(), written)
    .default({})
    .describe('Functions that SQL calls by these names: modules with defineFunction() of millrace.'),
  derive: (raw, reading): readonly UserFunction[] =>
    Object.entries(raw).flatMap(([name, own]) => functionOf(name, own, reading) ?? []),
  print: (functions) =>
    Object.fromEntries(functions.map(({ name, module, export: own }) => [name, { module, export: own }])),
});

/** The function of a name; null, and a report, where there is none. */
function functionOf(name: string, own: z.output<typeof written>, { report, resolve }: Reading): UserFunction | null {
  loadUserFunctionsBy(loadUserFunction);
  const at = ['functions', name];
  const fault = functionNameFault(name, Object.keys(AGGREGATES));
  if (fault !== null) {
    report(at, fault);
    return null;
  }
  const path = typeof own === 'string' ? at : [...at, 'module'];
  const { module, export: exportName } = typeof own === 'string' ? { module: own, export: 'default' } : own;
  const file = resolve(module);
  try {
    return describeFunction(name, file, exportName);
  } catch (error) {
    if (error instanceof ModuleError) report(path, error.message);
    else if (error instanceof FunctionError) report(path, `${file}, export ${exportName}: ${error.message}`);
    else throw error;
    return null;
  }
}
