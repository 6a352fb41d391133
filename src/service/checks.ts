/**
 * Suites that are checked against their tables while the service runs, each with a period of the wall clock. A run is an
 * event of the operations log. A change that people should hear of is an alert, written before the run, so that a crash may
 * repeat the alert but loses none.
 */
import type { ChildContext, RunningChild } from '../actors/supervised.ts';
import type { ChildSpec } from '../actors/supervisor.ts';
import { type RunQuery, runSuite } from '../checks/checked-table.ts';
import type { SuiteConfig } from '../config/sections/checks.ts';
import { messageOf } from '../journal/error.ts';
import type { CheckRan } from '../messages/check-facts.ts';
import { checkRanType, serviceAlertType } from '../messages/types.ts';
import { alertOf, checkFailedToRun, checkRan } from '../quality/suite/check-run.ts';
import type { Outcome } from '../quality/suite/result.ts';
import type { ServiceCore } from '../service.ts';
import { relationSql } from './checked-relation.ts';
import { allReady } from './partition-unit.ts';

/** How often the clock is read: it may be set while a period lasts. */
const TICK_MS = 1000;
const STORE = 'duckdb';

type ScheduledSuite = SuiteConfig & Pick<Required<SuiteConfig>, 'of'> & { readonly everyMs: number };

function isScheduled(suite: SuiteConfig): suite is ScheduledSuite {
  return suite.everyMs !== null && suite.of !== null;
}

export function checkChildren(core: ServiceCore): ChildSpec[] {
  const suites = core.config.checks.filter(isScheduled);
  if (suites.length === 0) return [];
  return [{ id: 'checks', kind: 'checks', start: (context) => startChecks(core, suites, context) }];
}

async function startChecks(
  core: ServiceCore,
  suites: readonly ScheduledSuite[],
  context: ChildContext,
): Promise<RunningChild> {
  const { pipeline, platform } = core;
  const { operations, alerts } = pipeline;
  const stop = new AbortController();
  await allReady([...operations.units, ...(alerts?.units ?? [])], context.signal);
  const last = (await core.operationsSnapshots.state()).suites;

  async function held(): Promise<void> {
    await core.readModels.opened;
    const lane = core.readModels.lanes.find(({ name }) => name === STORE);
    const startedMs = platform.nowMs();
    // A suite that came due while no service ran is checked at once, the others with the next period.
    const nextOf = new Map(
      suites.map((suite) => {
        const before = last.get(suite.name)?.due ?? startedMs;
        return [suite.name, Math.min(slotAfter(startedMs, suite.everyMs), slotAfter(before, suite.everyMs))];
      }),
    );
    while (!stop.signal.aborted) {
      // A store that is behind, or is made anew, would lack rows that are not missing.
      for (const suite of lane?.isCaughtUp() === true && lane.notReady() === null ? suites : []) {
        const nowMs = platform.nowMs();
        if (stop.signal.aborted || nowMs < (nextOf.get(suite.name) ?? 0)) continue;
        const dueMs = Math.floor(nowMs / suite.everyMs) * suite.everyMs;
        nextOf.set(suite.name, dueMs + suite.everyMs);
        const run = await ranSuite(core, suite, dueMs);
        await record(core, run, last.get(suite.name)?.outcome ?? null);
        last.set(suite.name, run);
      }
      await platform.sleep(TICK_MS, stop.signal);
    }
  }

  let state = 'running';
  const done = held().then(
    () => {},
    (error: Error) => {
      if (!stop.signal.aborted) context.failed(error);
    },
  );
  return {
    state: () => state,
    async drain() {
      state = 'stopped';
      stop.abort();
      await done;
    },
    kill() {
      state = 'stopped';
      stop.abort();
    },
  };
}

/** The first whole period that begins after a time. */
function slotAfter(ms: number, everyMs: number): number {
  return (Math.floor(ms / everyMs) + 1) * everyMs;
}

async function ranSuite(core: ServiceCore, suite: ScheduledSuite, dueMs: number): Promise<CheckRan> {
  const { config, platform, readModels } = core;
  const ranAtMs = platform.nowMs();
  const of = suite.of?.kind === 'stream' ? suite.of.name : (suite.of?.sql ?? '');
  const runId = `${suite.name}@${new Date(dueMs).toISOString()}`;
  const rows: RunQuery = (sql) => readModels.stores.of(STORE).read({ kind: 'query', sql });
  const place = (): Parameters<typeof checkRan>[1] => ({
    of,
    runId,
    dueMs,
    ranAtMs,
    durationMs: platform.nowMs() - ranAtMs,
  });
  try {
    const range = suite.overMs === null ? null : { fromMs: dueMs - suite.overMs, toMs: dueMs };
    const relation = suite.of === null ? null : relationSql(suite.of, config, range);
    if (relation === null) throw new Error(`the analytics store has no rows of ${of}`);
    return checkRan(await runSuite(suite, { relation, rows }, ranAtMs), place());
  } catch (error) {
    return checkFailedToRun(suite.name, messageOf(error), place());
  }
}

async function record(core: ServiceCore, run: CheckRan, before: Outcome | null): Promise<void> {
  const alert = alertOf(run, before);
  if (alert !== null) {
    core.logger[alert.state === 'firing' ? 'error' : 'info']({ about: alert.about }, alert.summary);
    await core.alerts?.write(0, [serviceAlertType.encodeBlock([alert])]);
  }
  await core.operations.write(0, [checkRanType.encodeBlock([run])]);
}
