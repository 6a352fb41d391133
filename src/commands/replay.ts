/** `millrace replay`: rebuilds read models from the journal. */
import { deleteStores, openReadModels, PROJECTIONS } from '../service/offline.ts';
import { CONFIG_OPTION, type Command, DATA_OPTION, dataDirOf, JSON_OPTION, print, text } from './command.ts';
import { EXIT, UsageError } from './exit.ts';
import { progressLine } from './progress.ts';

export const replayCommand: Command = {
  name: 'replay',
  summary: 'rebuild the read models from the journal',
  usage: 'replay [--projection sqlite|duckdb] [--config FILE] [--data DIR] [--json]',
  options: { ...CONFIG_OPTION, ...DATA_OPTION, ...JSON_OPTION, projection: { type: 'string' } },
  async run(values) {
    const wanted = text(values, 'projection');
    const stores = PROJECTIONS.filter((name) => wanted === undefined || name === wanted);
    if (stores.length === 0) throw new UsageError(`there is no projection ${wanted}; known: ${PROJECTIONS.join(', ')}`);
    const dataDir = dataDirOf(values);
    const startedAt = performance.now();
    const offline = await openReadModels(dataDir, () => deleteStores(dataDir, stores));
    const progress = progressLine('replaying', offline.eventsInJournal);
    try {
      const events = await offline.catchUp((done) => progress.update(done));
      progress.end();
      const seconds = (performance.now() - startedAt) / 1000;
      const summary = { events, seconds, eventsPerSecond: events / seconds, projections: stores };
      await print(
        values.json === true
          ? JSON.stringify(summary)
          : `replayed ${events.toLocaleString('en')} events into ${stores.join(' and ')} in ${seconds.toFixed(1)} s (${Math.round(events / seconds).toLocaleString('en')}/s)`,
      );
    } finally {
      await offline.close();
    }
    return EXIT.ok;
  },
};
