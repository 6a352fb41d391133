/** `millrace query`: one read-only statement against a read model. */
import { openReadModels, PROJECTIONS } from '../service/offline.ts';
import { CONFIG_OPTION, type Command, DATA_OPTION, dataDirOf, JSON_OPTION, print, tableText, text } from './command.ts';
import { EXIT, UsageError } from './exit.ts';

export const queryCommand: Command = {
  name: 'query',
  summary: 'run one SELECT against a read model',
  usage: 'query --store sqlite|duckdb "SELECT …" [--config FILE] [--data DIR] [--json]',
  options: {
    ...CONFIG_OPTION,
    ...DATA_OPTION,
    ...JSON_OPTION,
    store: { type: 'string', value: 'NAME', help: 'sqlite (operations) or duckdb (analytics)' },
  },
  async run(values, [sql, ...rest]) {
    const store = PROJECTIONS.find((name) => name === text(values, 'store'));
    if (store === undefined) throw new UsageError('name the store: --store sqlite or --store duckdb');
    if (sql === undefined || rest.length > 0) throw new UsageError('give one statement, in quotes');
    const offline = await openReadModels(dataDirOf(values));
    try {
      await offline.catchUp();
      const rows = await offline.query(store, sql);
      await print(values.json === true ? JSON.stringify(rows) : tableText(rows));
    } finally {
      await offline.close();
    }
    return EXIT.ok;
  },
};
