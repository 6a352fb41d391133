/** What a step is lent that needs nothing but what is given. */
import { nodeTimer } from '../../src/deadline.ts';
import { createHostRates } from '../../src/fetching/host-rates.ts';
import type { StepHost } from '../../src/steps/adapter.ts';

export function hostOf(change: Partial<StepHost> = {}): StepHost {
  const unused = (): never => {
    throw new Error('not for these steps');
  };
  return {
    job: 'j',
    step: 's',
    dataDir: '',
    nowMs: () => 0,
    sleep: async () => {},
    http: { fetch, startTimer: nodeTimer },
    timeoutMs: 5_000,
    serverUrl: () => '',
    rates: createHostRates(),
    stream: unused,
    processes: { runModule: unused, runCommand: unused, runOwn: unused },
    engines: { trino: null, spark: null, command: null },
    tables: { run: unused, ask: unused, rows: unused, publish: unused },
    jobTables: new Set(),
    auditsOf: unused,
    suite: unused,
    schemaOf: unused,
    scratchFile: unused,
    checked: unused,
    replay: unused,
    deliver: unused,
    ...change,
  };
}
