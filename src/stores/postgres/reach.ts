/** Asks, without changing the server, whether it takes what a store would write there. */
import { openSession } from '../../postgres/session.ts';
import type { PostgresSettings } from './options.ts';

const ANSWER_MS = 10_000;

/** Resolves with which server it is; rejects with what is lacking. */
export async function askPostgres(settings: PostgresSettings): Promise<string> {
  const session = await openSession(settings, 'millrace doctor', ANSWER_MS);
  try {
    const [row] = await session.rows(
      `SELECT current_setting('server_version') AS version, current_user AS "user", n.oid IS NOT NULL AS has_schema,
         CASE WHEN n.oid IS NULL THEN has_database_privilege(current_database(), 'CREATE')
              ELSE has_schema_privilege(n.oid, 'CREATE') END AS may_create
       FROM (SELECT 1) one LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = $1`,
      [settings.schema],
    );
    const { version, user, has_schema: hasSchema, may_create: mayCreate } = row ?? {};
    if (mayCreate !== true) {
      const what = hasSchema === true ? `tables in the schema ${settings.schema}` : `the schema ${settings.schema}`;
      throw new Error(`the user ${user} may not make ${what}; GRANT CREATE, or name another schema`);
    }
    return `PostgreSQL ${version}, schema ${settings.schema}${hasSchema === true ? '' : ', to be made'}`;
  } finally {
    await session.close();
  }
}
