/** The running source: a session that reads on, and begins anew with pauses when the server is away. */
import { openSession, PostgresError } from '../../postgres/session.ts';
import type { SourceHost, SourceStream } from '../adapter.ts';
import type { Intake, Source, SourceStatus } from '../source.ts';
import { tablePlaces } from './places.ts';
import { readChanges } from './read-changes.ts';
import { type Reading, readIncreasing } from './read-increasing.ts';
import { createRowBlocks } from './row-blocks.ts';
import { keptAsTexts } from './schema-texts.ts';
import { columnsOf, type PostgresSourceSettings, sourceName, tableSql } from './settings.ts';
import { primaryKey } from './table-checks.ts';
import type { ReadTable } from './table-rows.ts';

const APPLICATION = 'millrace source';
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

export function createPostgresSource(
  settings: PostgresSourceSettings,
  stream: SourceStream,
  { sleep, log, nowMs }: SourceHost,
): Source {
  const source = sourceName(settings, stream.name);
  const places = tablePlaces(source);
  const columns = columnsOf(settings, stream);
  const keyColumn = columns.find(({ field }) => field === stream.key)?.column ?? stream.key;
  let state: SourceStatus['state'] = 'stopped';
  let problem: string | null = null;
  let restarts = 0;
  let end = 0;
  let confirmed = 0;

  async function session(intake: Intake, signal: AbortSignal): Promise<void> {
    const own = await openSession(settings, APPLICATION);
    // What waits for the server ends with its connection.
    const stop = (): void => void own.close();
    signal.addEventListener('abort', stop, { once: true });
    let failure: Error | null = null;
    try {
      const { table, query, slot, increasing } = settings;
      const key = table === null ? [] : await primaryKey(own, table);
      const order = increasing === null ? key : [...new Set([...increasing, ...key])];
      const read: ReadTable = {
        from: table === null ? `(${query})` : tableSql(table),
        columns,
        texts: keptAsTexts(stream.schema),
        order,
      };
      const reading: Reading = {
        source,
        table: read,
        blocks: createRowBlocks(stream, source),
        places,
        intake,
        signal,
        sleep,
        copiedAtMs: null,
        failed(error) {
          failure ??= error;
        },
        check() {
          if (failure !== null) throw failure;
        },
        tell(what) {
          if (what !== null && what !== problem) log(what);
          problem = what;
        },
      };
      state = 'running';
      problem = null;
      if (slot === null) return await readIncreasing(reading, own, settings.everyMs);
      const progress = (endLsn: number, confirmedLsn: number): void => {
        end = Math.max(end, endLsn);
        confirmed = Math.max(confirmed, confirmedLsn);
      };
      await readChanges({ ...reading, settings: { ...settings, slot }, keyColumn, progress }, own);
    } finally {
      signal.removeEventListener('abort', stop);
      await own.close();
    }
  }

  return {
    name: source,
    status: () => ({
      state,
      problem,
      inputs: [
        {
          topic: settings.table ?? stream.name,
          partition: 0,
          state: state === 'running' ? 'running' : 'opening',
          problem,
          next: confirmed,
          end,
          lag: Math.max(0, end - confirmed),
          lagState: 'ok',
        },
      ],
      counts: { restarts, rebalances: 0, commits: 0, failedCommits: 0 },
    }),
    async run(intake, signal) {
      let pauseMs = FIRST_PAUSE_MS;
      while (!signal.aborted) {
        const startedAtMs = nowMs();
        state = 'connecting';
        try {
          await session(intake, signal);
        } catch (error) {
          if (signal.aborted) break;
          if (!(error instanceof PostgresError)) throw error;
          problem = error.message;
          log(`${problem}; it is tried again`);
          restarts += 1;
          state = 'waiting';
          if (nowMs() - startedAtMs > LONGEST_PAUSE_MS) pauseMs = FIRST_PAUSE_MS;
          await sleep(pauseMs, signal);
          pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
        }
      }
      state = 'stopped';
    },
  };
}
