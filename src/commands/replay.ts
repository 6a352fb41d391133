/** `millrace replay`: rebuilds read models from the journal, and derives its events anew to compare. */

import { namedStores } from '../channel/named-stores.ts';
import { type ComparedLog, deleteStores, openReadModels, PROJECTIONS } from '../channel/offline.ts';
import {
  CONFIG_OPTION,
  type Command,
  DATA_OPTION,
  dataDirOf,
  JSON_OPTION,
  namedConfigOf,
  noWords,
  print,
  text,
} from './command.ts';
import { EXIT, UsageError } from './exit.ts';
import { progressLine } from './progress.ts';

export const replayCommand: Command = {
  name: 'replay',
  summary: 'rebuild the read models from the journal, and check that it derives the same events again',
  usage: 'replay [--projection NAME] [--config FILE] [--data DIR] [--json]',
  options: {
    ...CONFIG_OPTION,
    ...DATA_OPTION,
    ...JSON_OPTION,
    projection: {
      type: 'string',
      value: 'NAME',
      help: 'sqlite, duckdb, or a store of the pipeline file; else the first two',
    },
  },
  async run(values, words) {
    noWords('replay', words);
    const wanted = text(values, 'projection');
    const dataDir = await dataDirOf(values);
    const config = await namedConfigOf(values);
    const all = await namedStores(dataDir, config);
    const own = PROJECTIONS.filter((name) => wanted === undefined || name === wanted);
    // What somebody else runs is rebuilt where it is named, and not beside the others.
    const declared = all.filter(({ name }) => name === wanted);
    const stores = [...own, ...declared.map(({ name }) => name)];
    if (stores.length === 0) {
      const known = [...PROJECTIONS, ...all.map(({ name }) => name)].join(', ');
      throw new UsageError(`there is no projection ${wanted}; known: ${known}`);
    }
    const startedAt = performance.now();
    const offline = await openReadModels(dataDir, () => deleteStores(dataDir, own), { declared, rebuild: true });
    const progress = progressLine('replaying', offline.eventsInJournal);
    try {
      const rederiving = offline.rederive(config?.supervision.stuckAfterMs);
      // The read models are whole also where nothing can be compared.
      const [caughtUp] = await Promise.allSettled([offline.catchUp((done) => progress.update(done)), rederiving]);
      progress.end();
      if (caughtUp.status === 'rejected') throw caughtUp.reason;
      const [events, logs] = [caughtUp.value, await rederiving];
      const seconds = (performance.now() - startedAt) / 1000;
      const summary = { events, seconds, eventsPerSecond: events / seconds, projections: stores, rederived: logs };
      await print(
        values.json === true
          ? JSON.stringify(summary)
          : `replayed ${count(events)} events into ${stores.join(' and ')} in ${seconds.toFixed(1)} s (${count(Math.round(events / seconds))}/s)\n${describe(logs)}`,
      );
      return logs.some(({ differences }) => differences > 0) ? EXIT.checkFailed : EXIT.ok;
    } finally {
      await offline.close();
    }
  },
};

function describe(logs: readonly ComparedLog[]): string {
  const changed = logs.filter(({ comparedFrom }) => comparedFrom > 0);
  const note = changed.map(
    ({ log, comparedFrom }) =>
      `\n${log} is compared from offset ${count(comparedFrom)} on: before it a key was forgotten`,
  );
  return told(logs) + note.join('');
}

function told(logs: readonly ComparedLog[]): string {
  const total = (of: (log: ComparedLog) => number): string => count(logs.reduce((sum, log) => sum + of(log), 0));
  const differing = logs.filter(({ first }) => first !== null);
  if (differing.length === 0) {
    return `derived ${total((log) => log.derivedEvents)} events anew from ${total((log) => log.inputEvents)}: each is what the journal has`;
  }
  return [
    `${total((log) => log.differences)} of ${total((log) => log.commits)} commits derive other events now than the journal has:`,
    ...differing.map(
      ({ log, differences, first }) =>
        `  ${log}: ${count(differences)} from offset ${first?.offset} on. ${first?.detail}`,
    ),
    'The journal is unchanged, and the read models show what it has.',
  ].join('\n');
}

function count(value: number): string {
  return value.toLocaleString('en');
}
