/** `millrace forget`: removes what is of a key from the journal, and with it from every store that is filled from it. */
import { namedStores } from '../channel/named-stores.ts';
import { deleteStores, openReadModels, PROJECTIONS } from '../channel/offline.ts';
import { type Forgotten, forgetInJournal, forgottenKey } from '../data-directory/forget.ts';
import {
  CONFIG_OPTION,
  type Command,
  configOf,
  DATA_OPTION,
  dataDirOf,
  JSON_OPTION,
  noWords,
  print,
  tableText,
  text,
} from './command.ts';
import { EXIT, UsageError } from './exit.ts';
import { progressLine } from './progress.ts';

export const forgetCommand: Command = {
  name: 'forget',
  summary: `remove what is of a key (a person's right to be forgotten) from the journal and all stores

  Events that hold the key in a field that is the key of a stream are replaced by blanks, which keep their offsets. Then all
  stores are filled anew from the journal. No service may run on the data meanwhile.`,
  usage: 'forget --key KEY [--field NAME …] [--dry-run] [--config FILE] [--data DIR] [--json]',
  options: {
    key: { type: 'string', value: 'KEY', help: 'the key, such as the number of a person' },
    field: { type: 'string', value: 'NAME', multiple: true, help: 'fields that hold it; else the key of the streams' },
    'dry-run': { type: 'boolean', help: 'say what would go, and change nothing' },
    'without-pruned': { type: 'boolean', help: 'fill the stores anew though older events were pruned, without these' },
    ...CONFIG_OPTION,
    ...DATA_OPTION,
    ...JSON_OPTION,
  },
  async run(values, words) {
    noWords('forget', words);
    const value = text(values, 'key');
    if (value === undefined || value === '') throw new UsageError('say which: forget --key KEY');
    const config = await configOf(values);
    const dataDir = await dataDirOf(values);
    const isDryRun = values['dry-run'] === true;
    const named = Array.isArray(values.field) ? values.field.map(String) : [];
    const keys = [...new Set(config.streams.map(({ key }) => key))];
    if (named.length === 0 && keys.length > 1) {
      throw new UsageError(
        `the streams are keyed by ${keys.join(', ')}, and ${value} may be something else in each; say which: ${keys.map((key) => `--field ${key}`).join(' or ')}`,
      );
    }
    const key = forgottenKey(config, value, new Set(named.length > 0 ? named : keys));
    const found = await forgetInJournal(dataDir, key, true);
    const pruned = found.logs.filter(({ prunedTo }) => prunedTo > 0);
    if (pruned.length > 0 && values['without-pruned'] !== true && !isDryRun) {
      throw new UsageError(
        `older events of ${pruned.map(({ log }) => log).join(', ')} were pruned: stores that are filled anew lack what came of them, and the oldest snapshot stays. Write --without-pruned to do so`,
      );
    }
    if (isDryRun || found.logs.length === 0) {
      await tell(values.json === true, { ...found, stores: [], differences: 0 }, isDryRun);
      return EXIT.ok;
    }
    await forgetInJournal(dataDir, key, false);
    const declared = await namedStores(dataDir, config);
    const offline = await openReadModels(dataDir, () => deleteStores(dataDir, PROJECTIONS), {
      declared,
      rebuild: true,
    });
    const progress = progressLine('filling the stores anew', offline.eventsInJournal);
    try {
      await offline.catchUp((done) => progress.update(done));
      const logs = await offline.rederive();
      progress.end();
      const differences = logs.reduce((sum, log) => sum + log.differences, 0);
      const stores = [...PROJECTIONS, ...declared.map(({ name }) => name)];
      await tell(values.json === true, { ...found, stores, differences }, false);
      return differences > 0 ? EXIT.checkFailed : EXIT.ok;
    } finally {
      await offline.close();
    }
  },
};

interface Report extends Forgotten {
  readonly stores: readonly string[];
  /** Commits behind those that were changed which derive other events now. */
  readonly differences: number;
}

async function tell(isJson: boolean, report: Report, isDryRun: boolean): Promise<void> {
  if (isJson) return print(JSON.stringify(report));
  const { logs, left, stores, differences } = report;
  const rows = logs.flatMap(({ log, removed, segments }) =>
    Object.entries(removed).map(([what, events]) => ({ log, what, events, 'segments written anew': segments })),
  );
  if (rows.length === 0) await print('Nothing of this key is in the journal.');
  else await print(`${tableText(rows)}\n${isDryRun ? 'These would go. Nothing was changed.' : 'These are gone.'}`);
  for (const { log, prunedTo, snapshots } of logs) {
    if (prunedTo > 0 && snapshots > 0)
      await print(`${log} begins at offset ${prunedTo}: its oldest snapshot stays, and may hold what came of the key.`);
  }
  for (const [where, events] of Object.entries(left)) {
    await print(
      `${events} events of ${where} have the same text and stay: name the field with --field if it is the key too.`,
    );
  }
  if (stores.length === 0) return;
  await print(
    `Filled anew from the journal: ${stores.join(', ')}. A replay compares what came since; ${differences} commits differ.`,
  );
  await print(
    'Not reached from here: what sinks have delivered, earlier backups, job tables (run their jobs again), and models (train them again).',
  );
}
