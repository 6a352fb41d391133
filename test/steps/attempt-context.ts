/** What an attempt is told, for tests that attempt a step alone. */
import type { StepContext } from '../../src/steps/step.ts';

export function attemptContext(change: Partial<StepContext> = {}): StepContext {
  return {
    job: 'j',
    step: 's',
    runId: 'j@2026-01-02T00:00:00.000Z',
    attempt: 1,
    interval: { start: Date.parse('2026-01-01T00:00:00Z'), end: Date.parse('2026-01-02T00:00:00Z') },
    params: {},
    item: null,
    idempotencyKey: 'j@2026-01-02T00:00:00.000Z/s',
    results: {},
    log: () => {},
    ...change,
  };
}
