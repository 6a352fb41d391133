/** `millrace digest`: one hash a projection table and a derived stream. */
import type { Answered } from '../channel/channel-client.ts';
import { requireJournal } from '../data-directory/require-journal.ts';
import { ASK_OPTIONS, ask } from './ask.ts';
import { type Command, dataDirOf, noWords, print } from './command.ts';
import { EXIT } from './exit.ts';

export const digestCommand: Command = {
  name: 'digest',
  summary: 'print one hash a projection table and a derived stream, of a running service too',
  usage: 'digest [--all] [--timeout TIME] [--config FILE] [--data DIR] [--json]',
  options: {
    ...ASK_OPTIONS,
    all: { type: 'boolean', help: 'also the tables that a process writes about itself, such as actor_history' },
  },
  async run(values, words) {
    noWords('digest', words);
    const dataDir = await dataDirOf(values);
    requireJournal(dataDir);
    const digests: Answered['rows'][number][] = [];
    for await (const { rows } of ask(values, {
      command: 'digest',
      request: { all: values.all === true },
      defaultTimeout: '10m',
      stores: 'of-config',
    })) {
      digests.push(...rows);
    }
    if (values.json === true) await print(JSON.stringify(digests));
    else for (const { name, rows, hash } of digests) await print(`${hash}  ${String(rows).padStart(9)}  ${name}`);
    return EXIT.ok;
  },
};
