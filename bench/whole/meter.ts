/** CPU time and memory of this process, all its threads, and the processes of the stores. */
import type { Stores } from '../../dist/workers/all-stores.js';

export interface Meter {
  end(): { readonly cpuMicros: number; readonly seconds: number; readonly peakRssMiB: number };
}

const LOOK_MS = 50;

export function startMeter(stores: Pick<Stores, 'usage'> | null): Meter {
  const usage = (): ReturnType<Stores['usage']> => stores?.usage() ?? { rssBytes: 0, cpuMicros: 0 };
  const before = usage();
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  let peakRss = 0;
  const timer = setInterval(() => {
    peakRss = Math.max(peakRss, process.memoryUsage.rss() + usage().rssBytes);
  }, LOOK_MS);
  return {
    end() {
      clearInterval(timer);
      const seconds = (performance.now() - startedAt) / 1000;
      const { user, system } = process.cpuUsage(cpu);
      peakRss = Math.max(peakRss, process.memoryUsage.rss() + usage().rssBytes);
      const cpuMicros = user + system + usage().cpuMicros - before.cpuMicros;
      return { cpuMicros, seconds, peakRssMiB: Math.round(peakRss / 1024 ** 2) };
    },
  };
}
