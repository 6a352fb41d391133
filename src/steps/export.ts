/** `out: { export: { table: T, to: "out/{interval.start|date}.parquet" } }`: a table or the rows of a statement as a file. */
import { mkdirSync, renameSync } from 'node:fs';
import { resolve as absolute, dirname } from 'node:path';
import { z } from 'zod';
import type { FileTarget } from '../job-tables/protocol.ts';
import { bindSql } from '../jobs/sql-text.ts';
import { expand } from '../jobs/template.ts';
import { quotedName } from '../sql-quotes.ts';
import { stepAdapter } from './adapter.ts';
import { identityOf } from './sql.ts';
import { failedStatement } from './statement-outcome.ts';
import { checkTemplate, templateOf, valuesOf } from './template-values.ts';

export interface ExportStepSettings {
  readonly table: string | null;
  readonly query: string | null;
  readonly to: string;
}

const FILES = '.parquet, .csv or .jsonl';

/** What a path below the data directory begins with; any other is relative to the pipeline file. */
const DATA = '{data}/';

export const exportStep = stepAdapter({
  kind: 'export',
  schema: z.strictObject({
    table: z.string().min(1).nullable().default(null).describe('A job table, or a table of the read models.'),
    query: z.string().min(1).nullable().default(null).describe('Or a statement of DuckDB that reads.'),
    to: z
      .string()
      .min(1)
      .describe(`A file, ${FILES}, with places such as {interval.start|date}; {data}/ is the data directory.`),
  }),
  beside: {},
  derive: ({ table, query, to }, _, resolve): ExportStepSettings => ({
    table,
    query,
    to: to.startsWith(DATA) ? to : resolve(to),
  }),
  print: ({ table, query, to }) => [{ table, query, to }, {}],
  check({ table, query, to }, place, report) {
    if ((table === null) === (query === null)) report(['export'], 'has one of `table` and `query`');
    if (formatOf(to) === null) report(['export', 'to'], `its name must end in ${FILES}`);
    checkTemplate(to.startsWith(DATA) ? to.slice(DATA.length) : to, place, ['export', 'to'], report);
    if (query !== null) checkTemplate(query, place, ['export', 'query'], report);
  },
  open({ table, query, to }, host) {
    const path = to.startsWith(DATA)
      ? [`${absolute(host.dataDir)}/`, ...templateOf(to.slice(DATA.length))]
      : templateOf(to);
    const statement = query === null ? [selectAll(table ?? '')] : templateOf(query);
    const format = formatOf(to) ?? 'parquet';
    return {
      async attempt(context, signal) {
        const values = valuesOf(context);
        // A value of a parameter must not lead out of the folder that the file says.
        const file = expand(path, values, (text) => text.replaceAll(/[/\\]/g, '_'));
        const unfinished = `${file}.tmp`;
        mkdirSync(dirname(file), { recursive: true });
        const target = { kind: 'file', path: unfinished, format } as const;
        try {
          const identity = identityOf(context);
          const rows = await host.tables.run({ identity, ...bindSql(statement, values), target }, signal, () => {});
          const publish = async (): Promise<void> => renameSync(unfinished, file);
          return { kind: 'done', records: rows, output: { file, rows }, publish };
        } catch (error) {
          signal.throwIfAborted();
          return failedStatement(error);
        }
      },
    };
  },
});

export function selectAll(table: string): string {
  return `SELECT * FROM ${table.split('.').map(quotedName).join('.')}`;
}

function formatOf(path: string): FileTarget['format'] | null {
  if (path.endsWith('.parquet')) return 'parquet';
  if (path.endsWith('.csv')) return 'csv';
  return path.endsWith('.jsonl') ? 'jsonl' : null;
}
