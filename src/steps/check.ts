/**
 * `audit: { check: SUITE, on: TABLE }`: expectations of a table or a statement's rows. A table that a step of the same
 * run has written becomes visible to others once all checks on it have passed.
 */
import { z } from 'zod';
import { runSuite } from '../checks/checked-table.ts';
import { bindSql } from '../jobs/sql-text.ts';
import { unknownName } from '../keys/names.ts';
import type { Row } from '../projections/store.ts';
import { checkFailedToRun, checkRan } from '../quality/suite/check-run.ts';
import type { ExpectationResult } from '../quality/suite/result.ts';
import { type StepHost, stepAdapter } from './adapter.ts';
import { selectAll } from './export.ts';
import { identityOf } from './sql.ts';
import { failedStatement } from './statement-outcome.ts';
import type { StepContext } from './step.ts';
import { checkTemplate, templateOf, valuesOf } from './template-values.ts';

export interface CheckStepSettings {
  readonly suite: string;
  readonly on: string | null;
}

export const checkStep = stepAdapter({
  kind: 'check',
  schema: z.string().min(1).describe('A suite of `checks:`.'),
  beside: {
    on: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe('A job table, a table of the read models, or a statement; else what the suite says.'),
  },
  derive: (suite, { on }): CheckStepSettings => ({ suite, on }),
  print: ({ suite, on }) => [suite, { on }],
  check({ suite, on }, place, report) {
    const found = place.suites.find(({ name }) => name === suite);
    if (found === undefined) {
      const known = place.suites.map(({ name }) => name);
      return report(['check'], unknownName('suite', suite, known));
    }
    if (on === null && found.on === null) report(['on'], `say what ${suite} is to check: a table, or a statement`);
    if (on !== null) checkTemplate(on, place, ['on'], report);
  },
  open({ suite: name, on }, host) {
    const { suite, on: own } = host.suite(name);
    const of = on ?? own ?? '';
    return {
      async attempt(context, signal) {
        const { runId, interval } = context;
        const ranAtMs = host.nowMs();
        const place = () => ({
          of,
          runId: `${runId}/${context.step}`,
          dueMs: interval.end,
          ranAtMs,
          durationMs: host.nowMs() - ranAtMs,
        });
        const rows = async (sql: string): Promise<Row[]> => {
          const all: Row[] = [];
          for await (const some of host.tables.rows(sql, signal)) all.push(...some);
          return all;
        };
        try {
          const { relation, drop } = await relationOf(of, context, signal, host);
          const result = await runSuite(suite, { relation, rows }, ranAtMs).finally(drop);
          await host.checked(checkRan(result, place()));
          const failing = result.results.filter((each) => each.outcome === 'failed');
          const namesOf = failing.map(nameOf);
          for (const each of result.results.filter(({ success }) => !success)) {
            context.log('warn', `${nameOf(each)}: ${each.message ?? each.outcome}`, each.result);
          }
          const { outcome } = result;
          const output = { suite: name, outcome, failing: namesOf };
          if (outcome === 'failed') {
            const reasons = failing.map((each) => `${nameOf(each)}: ${each.message ?? 'is not met'}`);
            return { kind: 'permanent', reason: `${name} on ${of} failed: ${reasons.join('; ')}` };
          }
          return {
            kind: 'done',
            records: 0,
            output,
            async publish() {
              const all = host.jobTables.has(of) ? host.auditsOf(of) : [];
              if (!all.includes(context.step)) return;
              const isLast = await host.tables.ask({ kind: 'audited', runId, table: of, step: context.step, all });
              if (isLast) await host.tables.publish(runId, of);
            },
          };
        } catch (error) {
          signal.throwIfAborted();
          const outcome = failedStatement(error);
          if (outcome.kind === 'permanent') await host.checked(checkFailedToRun(name, outcome.reason, place()));
          return outcome;
        }
      },
    };
  },
});

/** With the column that it is of. */
function nameOf({ expectation_config: { type, kwargs } }: ExpectationResult): string {
  return typeof kwargs.column === 'string' ? `${type} (${kwargs.column})` : type;
}

const nothing = async (): Promise<void> => {};

/** What stands behind FROM. Rows of the read models, and of a statement, are a table of the run for as long as it takes. */
async function relationOf(
  of: string,
  context: StepContext,
  signal: AbortSignal,
  host: StepHost,
): Promise<{ readonly relation: string; drop(): Promise<void> }> {
  const { runId, step } = context;
  if (host.jobTables.has(of))
    return {
      relation: await host.tables.ask({
        kind: 'relation',
        runId,
        table: of,
        isOfRun: host.auditsOf(of).includes(step),
      }),
      drop: nothing,
    };
  const statement = /^[\w.]+$/.test(of) ? [selectAll(of)] : templateOf(of);
  const table = `${step}.checked`;
  const target = { kind: 'table', table, write: { mode: 'replace' } } as const;
  const bound = bindSql(statement, valuesOf(context));
  await host.tables.run({ identity: identityOf(context), ...bound, target }, signal, () => {});
  return {
    relation: await host.tables.ask({ kind: 'relation', runId, table, isOfRun: true }),
    drop: async () => void (await host.tables.ask({ kind: 'discard', runId, table })),
  };
}
