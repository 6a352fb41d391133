/** `millrace profile`: looks at a file or a table, and proposes the suite that it meets. */
import { profileTable } from '../checks/checked-table.ts';
import { isFileName } from '../checks/file-table.ts';
import { suiteYaml } from '../config/suite-text.ts';
import { relationSql } from '../service/checked-relation.ts';
import { openDirectory, openInputFile } from './check-target.ts';
import {
  CONFIG_OPTION,
  type Command,
  configOf,
  DATA_OPTION,
  JSON_OPTION,
  type OptionValues,
  print,
  text,
} from './command.ts';
import { EXIT, UsageError } from './exit.ts';

export const profileCommand: Command = {
  name: 'profile',
  summary: 'propose a suite of expectations that a file or a table meets, as YAML',
  usage: 'profile FILE|NAME [--name NAME] [--config FILE] [--data DIR] [--json]',
  options: {
    ...CONFIG_OPTION,
    ...DATA_OPTION,
    ...JSON_OPTION,
    name: { type: 'string', value: 'NAME', help: "the suite's name; else the file's or the table's" },
  },
  async run(values, [target, ...rest]) {
    if (target === undefined || rest.length > 0)
      throw new UsageError('say of what: profile FILE, or the name of a stream or table');
    const isFile = isFileName(target);
    const expectations = isFile ? await ofFile(target) : await ofTable(values, target);
    const base =
      target
        .split('/')
        .at(-1)
        ?.replace(/\..*$/, '')
        .replaceAll(/[^A-Za-z0-9_-]/g, '_') ?? '';
    const name = text(values, 'name') ?? (/^[A-Za-z]/.test(base) ? base : `suite_${base}`);
    const suite = { name, on: isFile ? null : target, expectations };
    await print(values.json === true ? JSON.stringify(suite) : suiteYaml(suite).trimEnd());
    return EXIT.ok;
  },
};

async function ofFile(path: string) {
  const table = await openInputFile(path, null);
  try {
    return await profileTable(table);
  } finally {
    await table.close();
  }
}

async function ofTable(values: OptionValues, name: string) {
  const relation = relationSql({ kind: 'stream', name }, await configOf(values));
  if (relation === null) {
    throw new UsageError(
      `${name} is neither a file nor a stream, window or table that the analytics store has rows of`,
    );
  }
  const store = await openDirectory(values);
  try {
    return await profileTable({ relation, rows: store.rows });
  } finally {
    await store.close();
  }
}
