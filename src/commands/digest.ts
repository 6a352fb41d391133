/** `millrace digest`: one hash a projection table and a derived stream. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openReadModels } from '../service/offline.ts';
import { CONFIG_OPTION, type Command, DATA_OPTION, dataDirOf, JSON_OPTION, noWords, print } from './command.ts';
import { EXIT } from './exit.ts';

export const digestCommand: Command = {
  name: 'digest',
  summary: 'print one hash a projection table and a derived stream',
  usage: 'digest [--config FILE] [--data DIR] [--json]',
  options: { ...CONFIG_OPTION, ...DATA_OPTION, ...JSON_OPTION },
  async run(values, words) {
    noWords('digest', words);
    const dataDir = dataDirOf(values);
    if (!existsSync(join(dataDir, 'journal'))) throw new Error(`There is no journal in ${dataDir}; see --data`);
    const offline = await openReadModels(dataDir);
    try {
      await offline.catchUp();
      const digests = await offline.digests();
      if (values.json === true) await print(JSON.stringify(digests));
      else for (const { name, rows, hash } of digests) await print(`${hash}  ${String(rows).padStart(9)}  ${name}`);
    } finally {
      await offline.close();
    }
    return EXIT.ok;
  },
};
