import { describe, expect, it } from 'vitest';
import { jobCommandOf } from '../../src/jobs/command-words.ts';
import { createJobWorld, DONE, FAILED, jobOf, stepOf } from './job-world.ts';

const steps = [stepOf('load'), stepOf('sum', { needs: ['load'] }), stepOf('mail', { needs: ['sum'], when: 'failed' })];

function failedRun() {
  const world = createJobWorld([jobOf({ steps })], Date.parse('2026-01-01T00:00:00Z'));
  world.command({ kind: 'run', job: 'j', params: {}, key: null });
  world.end(world.working()[0]!, DONE);
  world.end(world.working()[0]!, FAILED);
  world.end(world.working()[0]!, FAILED);
  const [run = ''] = world.runs().at(-1)?.split(' ') ?? [];
  return { world, run };
}

const last = (world: ReturnType<typeof createJobWorld>): string => world.runs().at(-1)?.split(' ')[1] ?? '';

describe('what people say of a run', () => {
  it('a failed step that is marked a success lets what waited for it run, and the run succeeds', () => {
    const world = createJobWorld(
      [jobOf({ steps: [stepOf('a'), stepOf('b', { needs: ['a'] }), stepOf('c', { needs: ['b'] })] })],
      0,
    );
    world.command({ kind: 'run', job: 'j', params: {}, key: null });
    world.end(world.working()[0]!, FAILED);
    expect(last(world)).toBe('failed');
    const run = world.runs().at(-1)?.split(' ')[0] ?? '';
    const answer = world.command({ kind: 'mark', run, step: 'a', as: 'success' });
    expect(answer).toMatchObject({ kind: 'done', message: 'a is marked success; what waited for it runs: b, c' });
    world.end(world.working()[0]!, DONE);
    world.end(world.working()[0]!, DONE);
    expect(last(world)).toBe('success');
    // The journal says so too.
    world.restart(1000);
    expect(world.state().jobs.get('j')?.recent.at(-1)?.event.state).toBe('success');
  });

  it('a step that is skipped is left out with what needs it, and the run is no failure for it', () => {
    const { world, run } = failedRun();
    world.command({ kind: 'mark', run, step: 'sum', as: 'skipped' });
    world.command({ kind: 'mark', run, step: 'mail', as: 'skipped' });
    expect([last(world), world.working().length]).toEqual(['success', 0]);
    world.command({ kind: 'mark', run, step: 'load', as: 'failed' });
    expect(last(world)).toBe('failed');
  });

  it('a run as a whole is what is said, and nothing of it runs; one that is queued is left out', () => {
    const { world, run } = failedRun();
    world.command({ kind: 'mark', run, step: null, as: 'success' });
    expect([last(world), world.working().length]).toEqual(['success', 0]);
    const hourly = { kind: 'cron', expression: '0 * * * *', timeZone: 'UTC' } as const;
    const other = createJobWorld([jobOf({ trigger: hourly, overlap: 'queue' })], Date.parse('2026-01-01T00:30:00Z'));
    other.decide();
    other.advance(3_600_000);
    other.command({ kind: 'mark', run: 'j@2026-01-01T01:00:00.000Z', step: null, as: 'skipped' });
    expect(other.runs().at(-1)).toBe('j@2026-01-01T01:00:00.000Z skipped');
  });

  it('what is at work, is no step, or has no state of that name can not be marked', () => {
    const world = createJobWorld([jobOf({ steps })], 0);
    world.command({ kind: 'run', job: 'j', params: {}, key: null });
    const run = world.working()[0]?.runId ?? '';
    const said = (step: string | null) => world.command({ kind: 'mark', run, step, as: 'success' });
    expect(said('load')).toMatchObject({ kind: 'refused', message: `load is running: cancel ${run} first, or wait` });
    expect(said(null)).toMatchObject({ kind: 'refused' });
    expect(said('laod')).toMatchObject({ kind: 'refused', message: expect.stringContaining('load') });
    expect(jobCommandOf({ action: 'mark', run, as: 'good' }, null)).toBe('as must be one of success, failed, skipped');
    expect(jobCommandOf({ action: 'skip', run, step: 'sum' }, null)).toEqual({
      ...{ kind: 'mark', run, step: 'sum', as: 'skipped' },
    });
    // One that has not begun can: it is left out when its turn comes.
    expect(said('sum')).toMatchObject({ kind: 'done', message: 'sum is marked success' });
    world.end(world.working()[0]!, DONE);
    expect(last(world)).toBe('success');
  });
});
