/** PostgreSQL as a store: `{ postgres: { url: … }, tables: [ … ] }`. */
import { z } from 'zod';
import { connectionKeys, connectionOf, printConnection, withoutPassword } from '../../postgres/settings.ts';
import { type NamedTable, storeAdapter } from '../adapter.ts';
import { postgresDriver } from './driver.ts';
import {
  nameProblem,
  type PgTableOptions,
  type PostgresSettings,
  printOptions,
  tableName,
  tableOptions,
} from './options.ts';

export const postgresStore = storeAdapter({
  kind: 'postgres',
  schema: z.strictObject({
    ...connectionKeys,
    schema: z
      .string()
      .min(1)
      .max(63)
      .default('public')
      .describe('The schema that the tables are in; made where it is not there.'),
  }),
  table: tableOptions,
  derive: ({ schema, ...connection }, resolve): PostgresSettings => ({ ...connectionOf(connection, resolve), schema }),
  print: ({ schema, ...connection }) => ({ ...printConnection(connection), schema }),
  printTable: printOptions,
  redact: (settings) => ({ url: withoutPassword(settings).url }),
  check(tables, report) {
    for (const { of, options } of tables) checkTable({ of, options }, tables, report);
  },
  async reach(settings) {
    const { askPostgres } = await import('./reach.ts');
    return askPostgres(settings);
  },
  driver: postgresDriver,
});

function checkTable(
  { of, options }: NamedTable<PgTableOptions>,
  tables: readonly NamedTable<PgTableOptions>[],
  report: (table: string, message: string) => void,
): void {
  const name = tableName(of, options);
  const problem = nameProblem(name, options);
  if (problem !== null) report(of, problem);
  const other = tables.find((each) => each.of !== of && tableName(each.of, each.options) === name);
  if (other !== undefined) report(of, `would be in the same table ${name} as ${other.of}; write \`table: other\``);
  if (options.retentionMs !== null && options.partition === null) {
    report(of, 'retention drops partitions: write `partition: month` too');
  }
  if (options.mode === 'append' && options.key !== null)
    report(of, 'a table that is appended to has no key; leave one of them out');
}
