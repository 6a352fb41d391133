/** `millrace query`: one read-only statement against a read model. */

import type { Answered } from '../channel/channel-client.ts';
import { JOBS_STORE } from '../channel/channel-commands.ts';
import { PROJECTIONS } from '../channel/offline.ts';
import { ASK_OPTIONS, ask, limitOf } from './ask.ts';
import { type Command, print, tableText, text } from './command.ts';
import { EXIT, UsageError } from './exit.ts';

const LIMIT = 10_000;

export const queryCommand: Command = {
  name: 'query',
  summary: 'run one SELECT against a read model, of a running service too',
  usage:
    'query --store sqlite|duckdb|jobs "SELECT …" [--limit N] [--timeout TIME] [--config FILE] [--data DIR] [--json]',
  options: {
    ...ASK_OPTIONS,
    store: {
      type: 'string',
      value: 'NAME',
      help: 'sqlite (operations), duckdb (analytics) or jobs (tables that jobs write)',
    },
    limit: { type: 'string', value: 'N', help: 'print so many rows at most; else 10000' },
  },
  async run(values, [sql, ...rest]) {
    const store = [...PROJECTIONS, JOBS_STORE].find((name) => name === text(values, 'store'));
    if (store === undefined) throw new UsageError('name the store: --store sqlite, --store duckdb or --store jobs');
    if (sql === undefined || rest.length > 0) throw new UsageError('give one statement, in quotes');
    const limit = limitOf(values, LIMIT);
    const rows: Answered['rows'][number][] = [];
    let isCut = false;
    for await (const answered of ask(values, {
      command: 'query',
      request: { store, sql },
      defaultTimeout: '30s',
      limit,
    })) {
      for (const row of answered.rows) rows.push(row);
      isCut = answered.isCut;
    }
    await print(values.json === true ? JSON.stringify(rows) : tableText(rows));
    if (isCut) process.stderr.write(`millrace: there are more than ${limit.toLocaleString('en')} rows; see --limit\n`);
    return EXIT.ok;
  },
};
