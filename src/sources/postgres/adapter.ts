/** Tables of PostgreSQL: rows by a column that rises, or changes from a replication slot. */
import { z } from 'zod';
import { unknownField } from '../../keys/names.ts';
import { formatDuration } from '../../keys/units.ts';
import { timer } from '../../keys/value-schema.ts';
import { createJsonDecoder } from '../../messages/json.ts';
import { connectionKeys, connectionOf, printConnection, withoutPassword } from '../../postgres/settings.ts';
import { sourceAdapter } from '../adapter.ts';
import { createPostgresSource } from './postgres-source.ts';
import type { PostgresSourceSettings } from './settings.ts';
import { checkTable } from './table-checks.ts';

const words = z.string().min(1);

export const postgresSource = sourceAdapter({
  kind: 'postgres',
  schema: z
    .strictObject({
      ...connectionKeys,
      table: words.nullable().default(null).describe('With or without its schema.'),
      query: words.nullable().default(null).describe('A SELECT in the place of a table; read by `increasing`.'),
      increasing: z
        .union([words, z.array(words).min(1)])
        .nullable()
        .default(null)
        .describe('Columns whose values rise with each row that is new or changed: updated_at, or a serial id.'),
      every: timer.prefault('1s').describe('Between two looks for new rows.'),
      columns: z.record(z.string(), words).default({}).describe('Names of columns by field, where they differ.'),
      slot: z
        .string()
        .regex(/^[a-z0-9_]{1,63}$/, 'has small letters, digits and underscores')
        .nullable()
        .default(null)
        .describe('A replication slot, made where it is not there: every insert, update and delete.'),
      publication: words.max(63).nullable().default(null).describe('null: the name of the slot. Made if need be.'),
      snapshot: z
        .enum(['initial', 'never'])
        .default('initial')
        .describe('initial: the rows that are there come first, then their changes.'),
      eventTime: z.enum(['field', 'commit']).default('field').describe('commit: when its transaction was committed.'),
    })
    .superRefine((own, context) => {
      const say = (path: string, message: string): void => {
        context.addIssue({ code: 'custom', path: [path], message });
      };
      if ((own.table === null) === (own.query === null)) say('table', 'name one of `table` and `query`');
      if ((own.increasing === null) === (own.slot === null)) {
        say('increasing', 'name one of `increasing: column` and `slot: name`');
      }
      if (own.slot !== null && own.query !== null) say('query', 'a slot has the changes of a `table`');
      if (own.slot === null && own.publication !== null) say('publication', 'is of a `slot`');
      if (own.slot === null && own.eventTime === 'commit') say('eventTime', '`commit` needs a `slot`');
    }),
  derive(raw, resolve): PostgresSourceSettings {
    const { url, ssl, increasing, every, ...own } = raw;
    const columns = typeof increasing === 'string' ? [increasing] : increasing;
    return { ...own, ...connectionOf({ url, ssl }, resolve), increasing: columns, everyMs: every };
  },
  print: ({ url, ssl, everyMs, ...own }) => ({
    ...printConnection({ url, ssl }),
    ...own,
    every: formatDuration(everyMs),
  }),
  redact: withoutPassword,
  check({ columns }, { schema, key }, report) {
    for (const field of Object.keys(columns)) {
      if (!schema.fields.some(({ name }) => name === field)) report(['source'], unknownField(schema, field));
    }
    try {
      createJsonDecoder(schema, key);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      report(['schema'], `can't take rows of a table: ${why}`);
    }
  },
  reach: checkTable,
  open: createPostgresSource,
});
