/**
 * Spark, by the REST submission server of a standalone master or by a command such as spark-submit. Spark writes the
 * rows as Parquet to a place that this process reads, because neither way brings rows back.
 */
import { createHash } from 'node:crypto';
import { createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { withinDeadline } from '../../deadline.ts';
import { fetchCause } from '../../fetch-cause.ts';
import { openPlace } from '../../places/open-place.ts';
import { quotedText } from '../../sql-quotes.ts';
import { runTool } from './command.ts';
import { type EngineCall, EngineError, type EngineRows } from './engine.ts';
import type { SparkSettings } from './settings.ts';

/** Spark's own program for a text of SQL. */
const MAIN_CLASS = 'org.apache.spark.sql.hive.thriftserver.SparkSQLCLIDriver';
const ANSWER_MS = 30_000;
const LOOK_EVERY_MS = 1_000;
/** Looks in a row that fail before the attempt does. */
const LOOKS_MAX = 30;

export async function runOnSpark(settings: SparkSettings, call: EngineCall): Promise<EngineRows> {
  const folder = `${settings.results.replace(/\/$/, '')}/${keyOf(call)}`;
  const place = openPlace(folder, process.env, 'none');
  const removeRows = async (): Promise<void> => {
    for (const name of await place.list()) await place.remove(name);
    if (!folder.startsWith('s3://')) rmSync(folder, { recursive: true, force: true });
  };
  const script = scriptOf(settings, call.sql, folder);
  if (settings.rest !== null) await submitted(settings.rest, settings, script, call);
  else {
    const [command = '', ...words] = settings.submit ?? [];
    const args = [...words, ...propertiesOf(settings, call), '--class', MAIN_CLASS, settings.resource, '-e', script];
    await runTool({ command, args, env: {} }, call);
  }
  const files = (await place.list()).filter((name) => name.endsWith('.parquet'));
  if (files.length === 0) {
    throw new EngineError(
      `Spark has ended, and there is no Parquet in ${folder}: do both of them see that folder?`,
      false,
    );
  }
  const here = await localFiles(place, files, call);
  const list = here.paths.map(quotedText).join(', ');
  return {
    sql: `SELECT * FROM read_parquet([${list}])`,
    async release() {
      here.remove();
      await removeRows();
    },
  };
}

function keyOf({ context }: EngineCall): string {
  const key = `${context.idempotencyKey}/${context.attempt}`;
  return `${context.job}-${context.step}-${createHash('sha256').update(key).digest('hex').slice(0, 16)}`;
}

/** Views of the tables, and the statement's rows into the folder. */
function scriptOf({ tables }: SparkSettings, sql: string, folder: string): string {
  const views = Object.entries(tables).map(
    ([name, path]) =>
      `CREATE TEMPORARY VIEW \`${name}\` USING parquet OPTIONS (path ${escaped(path)}, mergeSchema 'true');`,
  );
  const target = folder.startsWith('s3://') ? folder.replace(/^s3:/, 's3a:') : `file://${folder}`;
  return [...views, `INSERT OVERWRITE DIRECTORY ${escaped(target)} USING parquet\n${sql.replace(/;\s*$/, '')};`].join(
    '\n',
  );
}

/** Spark reads backslashes in a text. */
function escaped(text: string): string {
  return quotedText(text.replaceAll('\\', '\\\\'));
}

/** Times are in UTC, as everywhere here. */
function sparkProperties({ properties }: SparkSettings, { context }: EngineCall): Record<string, string> {
  return {
    'spark.app.name': `millrace ${context.job}.${context.step}`,
    'spark.sql.session.timeZone': 'UTC',
    ...properties,
  };
}

function propertiesOf(settings: SparkSettings, call: EngineCall): string[] {
  return Object.entries(sparkProperties(settings, call)).flatMap(([name, value]) => ['--conf', `${name}=${value}`]);
}

/** https://spark.apache.org/docs/latest/spark-standalone.html#rest-api */
async function submitted(rest: string, settings: SparkSettings, script: string, call: EngineCall): Promise<void> {
  const { context, host, signal } = call;
  const properties = {
    ...sparkProperties(settings, call),
    'spark.master': settings.master ?? '',
    'spark.submit.deployMode': 'cluster',
  };
  const begun = await ask(rest, 'create', call, {
    action: 'CreateSubmissionRequest',
    appResource: settings.resource,
    mainClass: MAIN_CLASS,
    appArgs: ['-e', script],
    clientSparkVersion: settings.version,
    environmentVariables: { SPARK_ENV_LOADED: '1' },
    sparkProperties: properties,
  });
  if (begun.success !== true || typeof begun.submissionId !== 'string') {
    throw new EngineError(`Spark at ${rest} took nothing: ${String(begun.message ?? 'it says not why')}`, false);
  }
  const id = begun.submissionId;
  context.log('info', `Spark runs it as ${id}`);
  let state = '';
  try {
    for (let failed = 0; ; ) {
      await host.sleep(LOOK_EVERY_MS, signal);
      let status: Readonly<Record<string, unknown>>;
      try {
        status = await ask(rest, `status/${id}`, call, null);
        failed = 0;
      } catch (error) {
        failed += 1;
        if (signal.aborted || failed === LOOKS_MAX) throw error;
        continue;
      }
      const now = String(status.driverState);
      if (now !== state) context.log('info', `Spark: ${now}`);
      state = now;
      if (now === 'FINISHED') return;
      if (['FAILED', 'KILLED', 'ERROR'].includes(now)) {
        const why = status.message === undefined ? '' : `: ${String(status.message).split('\n')[0]}`;
        const where = status.workerHostPort === undefined ? 'the worker' : String(status.workerHostPort);
        throw new EngineError(`Spark ended ${id} as ${now}${why}. Its log is on ${where}`, false);
      }
    }
  } catch (error) {
    if (signal.aborted) await host.http.fetch(addressOf(rest, `kill/${id}`), { method: 'POST' }).catch(() => {});
    throw error;
  }
}

function addressOf(rest: string, path: string): URL {
  return new URL(`/v1/submissions/${path}`, rest);
}

async function ask(
  rest: string,
  path: string,
  { host, signal }: EngineCall,
  body: object | null,
): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await withinDeadline(ANSWER_MS, host.http.startTimer, signal, async (aborts) => {
      const response = await host.http.fetch(addressOf(rest, path), {
        method: body === null ? 'GET' : 'POST',
        headers: { 'content-type': 'application/json;charset=UTF-8' },
        signal: aborts,
        redirect: 'error',
        ...(body === null ? {} : { body: JSON.stringify(body) }),
      });
      const answer: unknown = JSON.parse(await response.text());
      return typeof answer === 'object' && answer !== null ? Object.fromEntries(Object.entries(answer)) : {};
    });
  } catch (error) {
    signal.throwIfAborted();
    throw new EngineError(`Spark's submission server at ${rest} can't be asked: ${fetchCause(error)}`, false);
  }
}

/** The files on this disk: where they are, or copied. */
async function localFiles(
  place: ReturnType<typeof openPlace>,
  names: readonly string[],
  { context, host, signal }: EngineCall,
): Promise<{ readonly paths: readonly string[]; remove(): void }> {
  const found = names.map((name) => place.localPath(name));
  const local = found.flatMap((path) => (path === null ? [] : [path]));
  if (local.length === names.length) return { paths: local, remove: () => {} };
  const folder = host.scratchFile(`${context.idempotencyKey}/spark`, 'rows');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const paths: string[] = [];
    for (const name of names) {
      const path = join(folder, basename(name));
      await pipeline(place.read(name), createWriteStream(path), { signal });
      paths.push(path);
    }
    return { paths, remove };
  } catch (error) {
    remove();
    throw error;
  }
}
