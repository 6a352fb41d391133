/** `millrace journal inspect`: logs, segments, offsets and sizes. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { inspectData } from '../service/offline.ts';
import {
  actionOf,
  CONFIG_OPTION,
  type Command,
  DATA_OPTION,
  dataDirOf,
  JSON_OPTION,
  print,
  tableText,
} from './command.ts';
import { EXIT } from './exit.ts';

export const journalCommand: Command = {
  name: 'journal',
  summary: 'look into the journal of a data directory',
  usage: 'journal inspect [--data DIR | --config FILE] [--json]',
  options: { ...CONFIG_OPTION, ...DATA_OPTION, ...JSON_OPTION },
  async run(values, words) {
    actionOf('journal', words, ['inspect']);
    const dataDir = dataDirOf(values);
    if (!existsSync(join(dataDir, 'journal'))) throw new Error(`There is no journal in ${dataDir}; see --data`);
    const reports = inspectData(dataDir);
    if (values.json === true) {
      await print(JSON.stringify(reports));
    } else {
      await print(
        tableText(
          reports.map(({ log, segments, firstOffset, nextOffset, bytes, tail, snapshots, tornCopies }) => ({
            log,
            segments,
            first: firstOffset,
            next: nextOffset,
            MiB: (bytes / 1024 ** 2).toFixed(1),
            tail,
            snapshots: snapshots.length,
            'torn copies': tornCopies,
          })),
        ),
      );
    }
    return reports.some(({ tail }) => tail === 'corrupt') ? EXIT.checkFailed : EXIT.ok;
  },
};
