/** `daily: { sql: "SELECT …", into: TABLE }`: rows of a statement of DuckDB's SQL into a job table, or as events of a stream. */
import { createReadStream, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { TableWrite } from '../job-tables/protocol.ts';
import { bindSql, literalSql } from '../jobs/sql-text.ts';
import type { Report } from '../keys/names.ts';
import type { AvroRecord } from '../messages/avro.ts';
import { type DynamicEvent, dynamicEventType } from '../messages/codec.ts';
import { isBuiltinTable } from '../tables.ts';
import { type StepHost, stepAdapter } from './adapter.ts';
import type { EngineRows } from './engines/engine.ts';
import { runOn } from './engines/run.ts';
import { ENGINE_NAMES, type EngineName } from './engines/settings.ts';
import { intoStream } from './into-stream.ts';
import { eventReader, NoEvent } from './json-events.ts';
import { failedStatement } from './statement-outcome.ts';
import type { StepContext, StepDone, StepOutcome } from './step.ts';
import { checkTemplate, templateOf, valuesOf } from './template-values.ts';

const write = z
  .union([
    z.enum(['replace', 'append']),
    z.strictObject({ interval: z.string().describe('The column of time.') }),
    z.strictObject({ upsert: z.array(z.string()).min(1).describe('The columns that tell rows apart.') }),
  ])
  .default('replace')
  .describe(
    'What becomes of the rows of a job table: all are replaced, none are, those of the interval, or those with the same key.',
  );

type Write = z.output<typeof write>;

export interface SqlStepSettings {
  readonly sql: string;
  readonly into: string;
  readonly write: Write;
  readonly engine: EngineName;
}

/** What a job table may be called. */
const TABLE_NAME = /^[a-zA-Z_][a-zA-Z0-9_]{0,62}$/;
const EVENTS_TOGETHER = 5_000;

export const sqlStep = stepAdapter({
  kind: 'sql',
  schema: z.string().min(1).describe('One statement of DuckDB that reads, such as SELECT … FROM transactions WHERE ….'),
  beside: {
    into: z.string().describe('A stream that is declared; else the name of a job table, which is made.'),
    write,
    engine: z
      .enum(ENGINE_NAMES)
      .default('duckdb')
      .describe('Who runs it: DuckDB here, or what `engines` says how to reach.'),
  },
  derive: (sql, { into, write: how, engine }): SqlStepSettings => ({ sql, into, write: how, engine }),
  print: ({ sql, into, write: how, engine }) => [sql, { into, write: how, engine }],
  check({ sql, into, write: how, engine }, place, report) {
    checkTemplate(sql, place, ['sql'], report);
    if (engine !== 'duckdb' && !place.engines.includes(engine))
      report(['engine'], `needs \`engines: { ${engine}: … }\` at the top of the file`);
    if (place.streams.some(({ name }) => name === into)) {
      intoStream(into, place, report);
      if (how !== 'replace') report(['write'], `is for job tables, and ${into} is a stream`);
    } else checkTableName(into, report);
  },
  into: ({ into }) => into,
  open({ sql, into, write: how, engine }, host) {
    const template = templateOf(sql);
    const schema = host.schemaOf(into);
    return {
      async attempt(context, signal) {
        let rows: EngineRows | null = null;
        const identity = identityOf(context);
        const onProgress = (share: number): void => context.log('info', `${Math.round(share * 100)} %`);
        try {
          if (engine !== 'duckdb') {
            const call = { sql: literalSql(template, valuesOf(context), engine === 'spark'), context, host, signal };
            rows = await runOn(engine, host.engines, call);
          }
          const bound = rows === null ? bindSql(template, valuesOf(context)) : { sql: rows.sql, parameters: [] };
          if (schema !== null) {
            const path = host.scratchFile(context.idempotencyKey, 'jsonl');
            const target = { kind: 'file', path, format: 'jsonl' } as const;
            await host.tables.run({ identity, ...bound, target }, signal, onProgress);
            return await eventsIn(path, into, schema, host);
          }
          const target = { kind: 'table', table: into, write: tableWrite(how, context) } as const;
          const written = await host.tables.run({ identity, ...bound, target }, signal, onProgress);
          return writtenTable(into, written, context, host);
        } catch (error) {
          signal.throwIfAborted();
          return failedStatement(error);
        } finally {
          await rows
            ?.release()
            .catch((error: unknown) => context.log('warn', `rows of ${engine} stay where they are: ${error}`));
        }
      },
    };
  },
});

/** Rows of a job table that the run has for itself: others see them at once, or when the checks of the run have passed. */
export function writtenTable(table: string, rows: number, { runId }: StepContext, host: StepHost): StepDone {
  const done = { kind: 'done', records: rows, output: { table, rows } } as const;
  if (host.auditsOf(table).length > 0) return done;
  return { ...done, publish: async () => void (await host.tables.publish(runId, table)) };
}

/** Reports what can't be the name of a job table. */
export function checkTableName(into: string, report: Report): void {
  if (!TABLE_NAME.test(into)) {
    report(['into'], `${into} is no declared stream, and a job table has letters, digits and underscores in its name`);
  } else if (isBuiltinTable(into))
    report(['into'], `${into} is a table of the read models: give the job table another name`);
}

export function identityOf({ job, step, runId, idempotencyKey: key }: StepContext) {
  return { job, step, runId, key };
}

function tableWrite(how: Write, { interval: { start: startMs, end: endMs } }: StepContext): TableWrite {
  if (how === 'replace' || how === 'append') return { mode: how };
  return 'interval' in how
    ? { mode: 'interval', column: how.interval, startMs, endMs }
    : { mode: 'upsert', key: how.upsert };
}

/** Each row is an event, or the attempt ends before any of them is delivered. */
async function eventsIn(path: string, stream: string, schema: AvroRecord, host: StepHost): Promise<StepOutcome> {
  async function* decoded(): AsyncGenerator<DynamicEvent> {
    const read = eventReader(stream, schema, 'row');
    for await (const line of createInterface({ input: createReadStream(path) })) yield read(line);
  }
  let records = 0;
  try {
    for await (const _ of decoded()) records += 1;
  } catch (error) {
    if (error instanceof NoEvent) return { kind: 'permanent', reason: error.message };
    throw error;
  }
  const type = dynamicEventType(schema);
  return {
    kind: 'done',
    records,
    output: { stream, events: records },
    async publish() {
      let group: DynamicEvent[] = [];
      for await (const event of decoded()) {
        group.push(event);
        if (group.length < EVENTS_TOGETHER) continue;
        await host.deliver(stream, type, group);
        group = [];
      }
      if (group.length > 0) await host.deliver(stream, type, group);
      rmSync(path, { force: true });
    },
  };
}
