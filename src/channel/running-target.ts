/** A running service as the target of its channel's commands. */
import type { ServiceCore } from '../service.ts';
import type { Target } from './channel-commands.ts';

const LOOK_EVERY_MS = 20;

export function runningTarget(service: ServiceCore): Target {
  const { config, pipeline, readModels, platform } = service;
  return {
    dataDir: config.dataDir,
    journal: pipeline.journalPlace,
    stores: readModels.stores,
    jobTables: service.jobTables,
    running: service,
    async caughtUp(patienceMs, { signal, note }) {
      const ranges = pipeline.units.map(({ log }) => ({ log: log.name, toOffset: log.durableOffset() }));
      const marks = ranges.map(({ log, toOffset }) => ({ log, offset: toOffset }));
      const startedAtMs = platform.nowMs();
      while (!(readModels.hasReached(marks) && readModels.isWhole())) {
        signal.throwIfAborted();
        if (platform.nowMs() - startedAtMs >= patienceMs) {
          const behind = `the read models are ${readModels.lag().toLocaleString('en')} events behind the journal`;
          note(readModels.notReady() ?? behind);
          break;
        }
        await platform.sleep(LOOK_EVERY_MS, signal);
      }
      return ranges;
    },
  };
}
