/** A suite's run as the journal has it, and whether people hear of it: on a change, and on recovery. */
import type { CheckRan, ServiceAlert } from '../../messages/check-facts.ts';
import { expectationTitle } from './junit.ts';
import type { ExpectationResult, Outcome, SuiteResult } from './result.ts';

export interface CheckRunPlace {
  /** The stream, window or table, or the statement. */
  readonly of: string;
  readonly runId: string;
  readonly dueMs: number;
  readonly ranAtMs: number;
  readonly durationMs: number;
}

/** What is kept of one expectation. */
export interface KeptResult {
  readonly title: string;
  readonly outcome: Outcome;
  readonly message: string | null;
  readonly observed: unknown;
  /** Some of the values that were not as expected. */
  readonly samples: readonly unknown[];
}

const SAMPLES_MAX = 5;
const SAMPLE_CHARACTERS = 200;
const MESSAGE_CHARACTERS = 1000;

export function checkRan({ suite_name, outcome, statistics, results }: SuiteResult, place: CheckRunPlace): CheckRan {
  const kept = results.map(keptOf);
  return {
    suite: suite_name,
    of: place.of,
    runId: place.runId,
    due: place.dueMs,
    ranAt: place.ranAtMs,
    durationMs: place.durationMs,
    outcome,
    evaluated: statistics.evaluated_expectations,
    successful: statistics.successful_expectations,
    results: JSON.stringify(kept),
  };
}

/** Of a suite that could not be run at all, as when its table is gone. */
export function checkFailedToRun(suite: string, error: string, place: CheckRunPlace): CheckRan {
  const kept = [{ title: 'the suite itself', outcome: 'failed', message: error, observed: null, samples: [] }];
  return {
    suite,
    of: place.of,
    runId: place.runId,
    due: place.dueMs,
    ranAt: place.ranAtMs,
    durationMs: place.durationMs,
    outcome: 'failed',
    evaluated: 0,
    successful: 0,
    results: JSON.stringify(kept),
  };
}

function keptOf(result: ExpectationResult): KeptResult {
  const { observed_value: value, unexpected_percent: percent, partial_unexpected_list: list } = result.result;
  const samples = Array.isArray(list) ? list.slice(0, SAMPLES_MAX) : [];
  return {
    title: expectationTitle(result),
    outcome: result.outcome,
    message: result.message?.slice(0, MESSAGE_CHARACTERS) ?? null,
    observed: cut(value ?? percent ?? null),
    samples: samples.map(cut),
  };
}

/** A long text, or a record with one, is cut. */
function cut(value: unknown): unknown {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.length <= SAMPLE_CHARACTERS ? value : `${text.slice(0, SAMPLE_CHARACTERS)}…`;
}

export function keptResults({ results }: Pick<CheckRan, 'results'>): readonly KeptResult[] {
  const kept: unknown = JSON.parse(results);
  return Array.isArray(kept) ? kept : [];
}

/**
 * Null where nothing has changed for people: a suite that goes on failing, or that goes on well. `before` is the outcome of
 * the run before; null for the first.
 */
export function alertOf(run: CheckRan, before: Outcome | null): ServiceAlert | null {
  const isFailing = run.outcome === 'failed';
  const wasFailing = before === 'failed';
  if (isFailing === wasFailing) return null;
  const state = isFailing ? 'firing' : 'resolved';
  // Of one that recovers, what it still warns of: that there were no rows is no success either.
  const failed = keptResults(run).filter(({ outcome }) => outcome === (isFailing ? 'failed' : 'warning'));
  const count = failed.length === 1 ? '1 expectation is' : `${failed.length} expectations are`;
  return {
    alertId: `check:${run.suite}@${new Date(run.due).toISOString()}/${state}`,
    about: `check:${run.suite}`,
    state,
    severity: 'critical',
    summary: isFailing
      ? `${run.suite} on ${run.of}: ${count} not met`
      : `${run.suite} on ${run.of} ${run.outcome === 'passed' ? 'is met again' : 'fails no longer, and has warnings'}`,
    details: failed.map(({ title, message }) => `${title}: ${message ?? ''}`),
    at: run.ranAt,
  };
}
