/** `millrace query`: one read-only statement against a read model. */

import type { Answered } from '../channel/channel-client.ts';
import { ASK_OPTIONS, ask, limitOf } from './ask.ts';
import { type Command, print, tableText, text } from './command.ts';
import { EXIT, UsageError } from './exit.ts';

const LIMIT = 10_000;

export const queryCommand: Command = {
  name: 'query',
  summary: 'run one SELECT against a read model, of a running service too',
  usage: 'query --store NAME "SELECT …" [--limit N] [--timeout TIME] [--config FILE] [--data DIR] [--json]',
  options: {
    ...ASK_OPTIONS,
    store: {
      type: 'string',
      value: 'NAME',
      help: 'sqlite (operations), duckdb (analytics), jobs (tables that jobs write), or a store of the pipeline file',
    },
    limit: { type: 'string', value: 'N', help: 'print so many rows at most; else 10000' },
  },
  async run(values, [sql, ...rest]) {
    const store = text(values, 'store');
    if (store === undefined)
      throw new UsageError('name the store: --store sqlite, --store duckdb, --store jobs or one of your own');
    if (sql === undefined || rest.length > 0) throw new UsageError('give one statement, in quotes');
    const limit = limitOf(values, LIMIT);
    const rows: Answered['rows'][number][] = [];
    let isCut = false;
    for await (const answered of ask(values, {
      command: 'query',
      request: { store, sql },
      defaultTimeout: '30s',
      stores: { named: store },
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
