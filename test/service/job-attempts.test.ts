/** Attempts when their scheduler fails: they end, and the next scheduler's are at work. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import type { AttemptReport } from '../../src/jobs/reports.ts';
import { runsOf } from '../../src/jobs/runs.ts';
import { createJobAttempts } from '../../src/service/job-attempts.ts';
import { nodePlatform } from '../../src/service/platform.ts';
import { createJobWorld } from '../jobs/job-world.ts';

const PIPELINE =
  'streams: {}\njobs: { j: { schedule: { every: 1s }, steps: { a: { sql: "SELECT 1 AS x", into: t } } } }\n';

test('what begins after a kill is at work, and what was at work before has ended', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-'));
  try {
    writeFileSync(join(directory, 'p.yaml'), PIPELINE);
    const config = { ...loadConfig(join(directory, 'p.yaml'), {}), dataDir: join(directory, 'data') };
    const world = createJobWorld(config.jobs, 0);
    world.decide();
    const [step] = world.working();
    const run = step === undefined ? undefined : runsOf(world.state(), 'j').open.get(step.runId);
    if (step === undefined || run === undefined) throw new Error('A job that is due has a run');
    const signals: AbortSignal[] = [];
    const ends: (() => void)[] = [];
    const reports: AttemptReport[] = [];
    const attempt = (_: unknown, signal: AbortSignal) => {
      signals.push(signal);
      return new Promise<{ kind: 'done'; records: number; output: null }>((resolve) => {
        ends.push(() => resolve({ kind: 'done', records: 7, output: null }));
      });
    };
    const steps = { of: async () => ({ attempt }), close: async () => {} };
    const attempts = createJobAttempts({ config, platform: nodePlatform }, steps, {}, (report) => reports.push(report));
    attempts.begin(run, step);
    await expect.poll(() => signals.length).toBe(1);
    attempts.kill();
    expect(signals[0]?.aborted).toBe(true);
    attempts.begin(run, { ...step, attempt: 2 });
    await expect.poll(() => signals.length).toBe(2);
    ends[1]?.();
    await expect.poll(() => reports).toHaveLength(1);
    expect(reports[0]).toMatchObject({ runId: step.runId, attempt: 2, end: { kind: 'done', records: 7 } });
    attempts.close(step.runId);
    // Its log is written by then.
    await new Promise((resolve) => setTimeout(resolve, 50));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
