/**
 * PostgreSQL as a store: the tables that the pipeline file names, filled in transactions that also hold the offsets of
 * each table. An offset moves only from the value that this store expects, so neither another process nor a transaction
 * whose answer was lost can bring a row twice.
 */
import { messageOf } from '../../journal/error.ts';
import { LATE } from '../../messages/stream-events.ts';
import { tombstonesOf } from '../../messages/tombstones.ts';
import { tombstoneType } from '../../messages/types.ts';
import { openSession, type PgSession } from '../../postgres/session.ts';
import { MAX_QUERY_ROWS, type RefusedEvent, type Row, type Store } from '../../projections/store.ts';
import { writeWitness } from '../elsewhere.ts';
import { prepareTables } from './catalog.ts';
import { pgTable } from './ddl.ts';
import { digestsOf } from './digest.ts';
import type { PostgresStore } from './options.ts';
import { readRows } from './reading.ts';
import { type TableWriter, tableWriter } from './table-writer.ts';

/** Rows are written when they are as many bytes: of an upsert some 50,000, and 12 or 32 MiB of them were slower. */
const FLUSH_BYTES = 4 * 1024 ** 2;
/** So many bytes may be on their way; then the journal is not read on. */
const AHEAD_BYTES = 16 * 1024 ** 2;

interface Opened {
  readonly writer: TableWriter;
  /** Next offset by log. */
  readonly offsets: Map<string, number>;
}

/** `witness`: a file that has the offsets of the last commit, for when the server is away. */
export async function openPostgres(name: string, store: PostgresStore, owner: number, witness: string): Promise<Store> {
  const specs = store.tables.map(pgTable);
  const session = await openSession(store, `millrace ${name}`);
  let tables: Opened[];
  try {
    await prepareTables(session, store.schema, specs, owner);
    tables = [];
    for (const spec of specs) tables.push(await openTable(session, spec));
  } catch (error) {
    await session.close();
    throw error;
  }
  const offsets = new Map<string, number>();
  const learnOffsets = (): void => {
    offsets.clear();
    for (const log of new Set(tables.flatMap((table) => [...table.offsets.keys()]))) {
      const known = tables.map((table) => table.offsets.get(log));
      // A table that has nothing of the log needs all of it; the others pass by what they have.
      if (known.every((next) => next !== undefined)) offsets.set(log, Math.min(...known.map(Number)));
    }
  };
  learnOffsets();
  const takes = new Set(store.tables.flatMap(({ of, role }) => (role === 'late' ? [LATE] : [of])));
  let lastFlush: Promise<void> = Promise.resolve();
  let ahead = 0;
  let failed: Error | null = null;
  let refused: readonly RefusedEvent[] = [];

  /** Behind what is written already: a session does one thing at a time. */
  function flushLater(writer: TableWriter): void {
    const bytes = writer.bytes();
    ahead += bytes;
    lastFlush = lastFlush
      .then(() => writer.flush(session))
      .then(() => {
        ahead -= bytes;
      })
      .catch((error: unknown) => {
        failed ??= error instanceof Error ? error : new Error(messageOf(error));
      });
  }

  return {
    name,
    offsets: () => offsets,
    wants: new Set([tombstoneType.name]),
    takes,
    async begin() {
      failed = null;
      ahead = 0;
      await session.run('BEGIN');
    },
    project(sections, commit) {
      for (const section of sections) {
        const where = { ...commit, firstOffset: section.firstOffset };
        for (const { writer, offsets: own } of tables) {
          const { of } = writer.table;
          if (section.table !== (of.role === 'late' ? LATE : of.of)) continue;
          // It has them: the log is read anew for another table.
          if (section.firstOffset < (own.get(commit.log) ?? 0)) continue;
          if (section.typeName === tombstoneType.name) writer.remove(tombstonesOf(section.objects()), where);
          else writer.take(section.columns(), where);
          if (writer.bytes() >= FLUSH_BYTES) flushLater(writer);
        }
      }
      if (failed !== null) throw failed;
      return ahead > AHEAD_BYTES ? lastFlush : undefined;
    },
    async commit(reached) {
      for (const { writer } of tables) if (writer.bytes() > 0) flushLater(writer);
      await lastFlush;
      if (failed !== null) throw failed;
      for (const { writer } of tables) await writer.finish(session);
      const noted = tables.flatMap(({ writer }) =>
        writer.refused().map((row): RefusedEvent => ({ ...row, table: writer.table.of.of })),
      );
      await noteRefused(session, tables);
      await moveOffsets(session, tables, reached);
      await session.run('COMMIT');
      for (const { writer, offsets: own } of tables) {
        writer.end(true);
        for (const [log, next] of reached) own.set(log, Math.max(next, own.get(log) ?? 0));
      }
      refused = noted;
      learnOffsets();
      writeWitness(witness, offsets);
    },
    async rollback() {
      await lastFlush;
      for (const { writer } of tables) writer.end(false);
      // One whose server is gone has rolled back; it is opened anew.
      if (!session.isDead()) await session.run('ROLLBACK').catch(() => {});
    },
    refused: () => refused,
    async query(sql) {
      const rows: Row[] = [];
      for await (const some of readRows(store, sql, new AbortController().signal)) {
        rows.push(...some);
        if (rows.length >= MAX_QUERY_ROWS) break;
      }
      return rows.slice(0, MAX_QUERY_ROWS);
    },
    digest: () => digestsOf(store, specs),
    async *readBeside(read, signal) {
      if (read.kind === 'query') yield* readRows(store, read.sql, signal);
      else yield (await digestsOf(store, specs)).map((digest) => ({ ...digest }));
    },
    // The server looks after its own files.
    verify: async () => null,
    close: () => session.close(),
  };
}

async function openTable(session: PgSession, spec: ReturnType<typeof pgTable>): Promise<Opened> {
  const rows = await session.rows('SELECT log, next FROM millrace_offsets WHERE table_name = $1', [spec.name]);
  const [state] = await session.rows(
    `SELECT newest_ms, EXISTS (SELECT 1 FROM millrace_tombstones WHERE table_name = $1) AS buries
       FROM millrace_tables WHERE table_name = $1`,
    [spec.name],
  );
  const newestMs = state?.newest_ms == null ? null : Number(state.newest_ms);
  return {
    writer: tableWriter(spec, newestMs, state?.buries === true),
    offsets: new Map(rows.map(({ log, next }) => [String(log), Number(next)])),
  };
}

/** Throws when one of them is not where this store knows it to be: somebody else has written. */
async function moveOffsets(
  session: PgSession,
  tables: readonly Opened[],
  reached: ReadonlyMap<string, number>,
): Promise<void> {
  const moves = tables.flatMap(({ writer, offsets }) =>
    [...reached].flatMap(([log, next]) => {
      const expected = offsets.get(log);
      return expected !== undefined && expected >= next ? [] : [{ table: writer.table.name, log, next, expected }];
    }),
  );
  const known = moves.filter(({ expected }) => expected !== undefined);
  const made = moves.filter(({ expected }) => expected === undefined);
  const moved =
    known.length === 0
      ? 0
      : await session.run(
          `UPDATE millrace_offsets o SET next = n.next
             FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) AS n (table_name, log, next, expected)
            WHERE o.table_name = n.table_name AND o.log = n.log AND o.next = n.expected`,
          [...columnsOf(known), known.map(({ expected }) => expected)],
        );
  const added =
    made.length === 0
      ? 0
      : await session.run(
          `INSERT INTO millrace_offsets SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])
           ON CONFLICT DO NOTHING`,
          columnsOf(made),
        );
  if (moved + added === moves.length) return;
  throw new Error(
    `${moves.length - moved - added} tables are not where this store left them: another process fills them, or a commit ` +
      'went through whose answer was lost. It goes on from where they are',
  );
}

function columnsOf(
  moves: readonly { readonly table: string; readonly log: string; readonly next: number }[],
): unknown[] {
  return [moves.map(({ table }) => table), moves.map(({ log }) => log), moves.map(({ next }) => next)];
}

async function noteRefused(session: PgSession, tables: readonly Opened[]): Promise<void> {
  for (const { writer } of tables) {
    const rows = writer.refused();
    if (rows.length === 0) continue;
    await session.run(
      `INSERT INTO millrace_refused SELECT $1, * FROM unnest($2::text[], $3::bigint[], $4::text[]) ON CONFLICT DO NOTHING`,
      [
        writer.table.name,
        rows.map(({ log }) => log),
        rows.map(({ offset }) => offset),
        rows.map(({ reason }) => reason),
      ],
    );
  }
}
