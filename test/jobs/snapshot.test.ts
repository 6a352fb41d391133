import fc from 'fast-check';
import { expect, it } from 'vitest';
import { applyEvent, noJobs } from '../../src/jobs/runs.ts';
import { createJobWorld, DONE, FAILED, jobOf, RETRY, stepOf, throughSnapshot } from './job-world.ts';

const MINUTE = 60_000;
const PUBLISHED = { table: 't', step: 'a', mode: 'replace', hash: '', rows: 1, tableRows: 1 } as const;

it('a snapshot of jobs is all that a start needs: what it gives back is what was there, whatever has happened', () => {
  const jobs = [
    jobOf({ trigger: { kind: 'every', everyMs: MINUTE }, catchup: 'all', overlap: 'queue', maxActiveRuns: 3 }),
    jobOf({ name: 'after', trigger: { kind: 'job', job: 'j' }, steps: [stepOf('a'), stepOf('b', { needs: ['a'] })] }),
    jobOf({ name: 'files', trigger: { kind: 'file', path: '/in/*', everyMs: 1000 }, overlap: 'skip' }),
  ];
  const file = (path: string) => ({ kind: 'file', job: 'files', file: { path, bytes: 1, modifiedMs: 2.5 } }) as const;
  const doing = fc.constantFrom('minute', 'done', 'failed', 'retry', 'file', 'pause', 'resume', 'clear', 'backfill');
  fc.assert(
    fc.property(fc.array(fc.tuple(doing, fc.nat(4)), { maxLength: 60 }), (acts) => {
      const world = createJobWorld(jobs, Date.parse('2026-01-01T00:00:30Z'));
      world.decide();
      for (const [act, which] of acts) {
        const attempt = world.working()[which] ?? world.working()[0];
        if (act === 'minute') world.advance(MINUTE);
        else if (act === 'file') world.command(file(`/in/${which}`));
        else if (act === 'pause' || act === 'resume') world.command({ kind: act, job: 'j' });
        else if (act === 'clear') {
          const recent = world.state().jobs.get('after')?.recent.at(-1)?.event.runId ?? '';
          world.command({ kind: 'clear', run: recent, step: null });
        } else if (act === 'backfill') {
          const to = world.nowMs() - which * MINUTE;
          const time = { from: to - 5 * MINUTE, to, parallel: 2, reprocess: 'none', isDryRun: false } as const;
          world.command({ kind: 'backfill', job: 'j', ...time });
        } else if (attempt !== undefined) world.end(attempt, { done: DONE, failed: FAILED, retry: RETRY }[act]);
      }
      const state = noJobs();
      for (const event of world.journal) applyEvent(state, event);
      applyEvent(state, { kind: 'table', event: { ...PUBLISHED, job: 'j', runId: 'j@1', publishedAt: 5 } });
      expect(throughSnapshot(state)).toEqual(state);
    }),
    { numRuns: 40 },
  );
});
