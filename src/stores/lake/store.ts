/**
 * A lake as a store. Rows wait in memory until they fill a file, or have waited long enough. Then their files and the
 * offsets of each table become one manifest. Rows that wait when a process ends are read from the journal again.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { tombstonesOf } from '../../messages/tombstones.ts';
import { tombstoneType } from '../../messages/types.ts';
import type { Place } from '../../places/place.ts';
import { duckdbApi } from '../../projections/duckdb-api.ts';
import { createDuckdbReaders, digestOf } from '../../projections/duckdb-reading.ts';
import type { Store, TableDigest } from '../../projections/store.ts';
import { quotedName, quotedText } from '../../sql-quotes.ts';
import { writeWitness } from '../elsewhere.ts';
import { compact } from './compaction.ts';
import { writeStage } from './files.ts';
import { localFiles } from './local-files.ts';
import { type LakeManifest, type ManifestTable, printManifest } from './manifest.ts';
import { findLake, overtaken } from './open-lake.ts';
import type { OpenedLake } from './options.ts';
import { createStage, stagedBytes } from './stage.ts';
import { createTurns } from './turns.ts';
import { viewsSql } from './views.ts';

export interface LakeOptions {
  readonly name: string;
  readonly place: Place;
  readonly lake: OpenedLake;
  readonly owner: number;
  /** For what is made here before it is moved to the lake, and for copies of what is on S3. */
  readonly directory: string;
  /** A file that has the offsets of the last commit, for when the lake can't be had. */
  readonly witness: string;
}

/** What waiting rows may take, beyond what DuckDB needs to write them. */
const MEMORY_BYTES = 1024 ** 3;
const MAX_STAGED_BYTES = MEMORY_BYTES / 3;
/** Bytes in memory for one in a file, until a file has told. */
const FIRST_RATIO = 4;
/** After a commit that did not come about. */
const RETRY_MS = 10_000;

export async function openLake({ name, place, lake, owner, directory, witness }: LakeOptions): Promise<Store> {
  const making = join(directory, 'making');
  const copies = join(directory, 'copies');
  rmSync(making, { recursive: true, force: true });
  const instance = await duckdbApi.DuckDBInstance.create(':memory:', {
    threads: String(Math.min(4, availableParallelism())),
    memory_limit: `${MEMORY_BYTES >> 20}MiB`,
    temp_directory: join(directory, 'spill'),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  const stages = await Promise.all(lake.tables.map((table, i) => createStage(connection, table, i)));
  let { manifest, version } = await findLake(place, owner, stages);
  const local = localFiles(place, copies);
  const writer = { connection, place, making, token: randomBytes(4).toString('hex') };
  // A user's query reads the lake, and nothing else of this machine.
  const readable = [making, copies, place.localPath('')].flatMap((path) => (path === null ? [] : [`${path}/`]));
  await connection.run(`SET allowed_directories = [${readable.map(quotedText).join(', ')}]`);
  await connection.run('SET enable_external_access = false');
  await connection.run('SET lock_configuration = true');
  const readers = createDuckdbReaders(instance, [], []);
  const turns = createTurns();
  const fetching = createTurns();
  // A view that is made in a projector's transaction would be seen by nobody else.
  const viewer = await instance.connect();
  let viewed: LakeManifest | null = null;

  /** Next offset by log of each table, with what waits. */
  const taken = stages.map(({ table }) => new Map(Object.entries(tableOf(table.of).offsets)));
  const offsets = new Map<string, number>();
  let waitingRows = false;
  let waitingSinceMs = 0;
  let ratio = FIRST_RATIO;
  /** A manifest of which nobody knows whether it was written. */
  let attempted: { readonly manifest: LakeManifest; readonly text: string } | null = null;
  let timer: NodeJS.Timeout | null = null;
  let release = (): void => {};
  let inTransaction = false;
  learnOffsets();

  function tableOf(of: string): ManifestTable {
    const table = manifest.tables[of];
    if (table === undefined) throw new Error(`The lake ${place.name} has no table ${of}`);
    return table;
  }

  function learnOffsets(): void {
    offsets.clear();
    for (const log of new Set(taken.flatMap((own) => [...own.keys()]))) {
      const known = taken.map((own) => own.get(log));
      // A table that has nothing of the log needs all of it; the others pass by what they have.
      if (known.every((next) => next !== undefined)) offsets.set(log, Math.min(...known.map(Number)));
    }
  }

  /** Makes what waits part of the lake. Alone: no transaction is open. */
  async function flush(): Promise<void> {
    if (attempted !== null && (await place.readManifest())?.text === attempted.text) return settle(attempted);
    attempted = null;
    if (!waitingRows && !haveMoved()) return;
    const sequence = manifest.sequence + 1;
    const tables = new Map<string, ManifestTable>(Object.entries(manifest.tables));
    const nowMs = Date.now();
    const replaced = manifest.replaced.filter(({ atMs }) => nowMs - atMs < lake.keepReplacedMs);
    let written = 0;
    const waitingBytes = waitingRows ? await stagedBytes(connection) : 0;
    for (const [i, stage] of stages.entries()) {
      const { of } = stage.table;
      const known = tableOf(of);
      const made = await writeStage(writer, stage, sequence, known.layouts.length - 1);
      written += made.reduce((sum, { bytes }) => sum + bytes, 0);
      const table = { ...known, files: [...known.files, ...made], offsets: Object.fromEntries(taken[i] ?? []) };
      const compacted = await compact(writer, table, local, {
        of,
        targetBytes: lake.targetBytes,
        sequence,
        index: made.length,
      });
      const gone = new Set(compacted.replaced);
      replaced.push(...compacted.replaced.map(({ path }) => ({ path, atMs: nowMs })));
      tables.set(of, { ...table, files: [...table.files.filter((file) => !gone.has(file)), ...compacted.files] });
    }
    if (written > 0 && waitingBytes > 0) ratio = Math.max(1, waitingBytes / written);
    const next = { owner, sequence, commit: randomUUID(), tables: Object.fromEntries(tables), replaced };
    const text = printManifest(next);
    attempted = { manifest: next, text };
    await settle(
      attempted,
      await place.writeManifest(text, version).catch((error: unknown) => {
        throw overtaken(place, error);
      }),
    );
  }

  /** The manifest is written. */
  async function settle(
    done: { readonly manifest: LakeManifest; readonly text: string },
    newVersion?: string,
  ): Promise<void> {
    const gone = manifest.replaced.filter(({ path }) => !done.manifest.replaced.some((kept) => kept.path === path));
    version = newVersion ?? (await place.readManifest())?.version ?? null;
    manifest = done.manifest;
    attempted = null;
    waitingRows = false;
    for (const stage of stages) await stage.empty();
    writeWitness(witness, keptOffsets());
    for (const { path } of gone) await place.remove(path);
    const named = [...Object.values(manifest.tables).flatMap(({ files }) => files), ...manifest.replaced];
    await local.keepOnly(named.map(({ path }) => path));
  }

  function keptOffsets(): ReadonlyMap<string, number> {
    const kept = new Map<string, number>();
    const own = stages.map(({ table }) => tableOf(table.of).offsets);
    for (const log of new Set(own.flatMap((each) => Object.keys(each)))) {
      const known = own.map((each) => each[log]);
      if (known.every((next) => next !== undefined)) kept.set(log, Math.min(...known.map(Number)));
    }
    return kept;
  }

  /** Whether logs were read on, be it without a row for the lake. */
  function haveMoved(): boolean {
    return stages.some(({ table }, i) => {
      const { offsets: kept } = tableOf(table.of);
      return [...(taken[i] ?? [])].some(([log, next]) => kept[log] !== next);
    });
  }

  function flushLater(ms: number): void {
    timer ??= setTimeout(() => {
      timer = null;
      turns.alone(flush).catch(() => flushLater(RETRY_MS));
    }, ms);
  }

  async function isDue(): Promise<boolean> {
    if (!waitingRows) return false;
    if (Date.now() - waitingSinceMs >= lake.everyMs) return true;
    return (await stagedBytes(connection)) >= Math.min(MAX_STAGED_BYTES, lake.targetBytes * ratio);
  }

  /** All files can be read, and the views are of the last commit. */
  function whole(): Promise<void> {
    return fetching.alone(async () => {
      const wanted = manifest;
      if (viewed === wanted) return;
      const tables = stages.map(({ table }) => ({ table, known: wanted.tables[table.of] }));
      await local.fetch(tables.flatMap(({ known }) => known?.files ?? []));
      // A file is looked into when its view is made.
      for (const { table, known } of tables) {
        for (const sql of known === undefined ? [] : viewsSql(table, known, local.pathOf)) await viewer.run(sql);
      }
      viewed = wanted;
    });
  }

  async function digest(): Promise<TableDigest[]> {
    await turns.alone(flush);
    await whole();
    const reader = await instance.connect();
    try {
      const digests: TableDigest[] = [];
      for (const { table, columns } of stages) {
        const names = columns.map((column) => column.name).sort();
        digests.push({ ...(await digestOf(reader, quotedName(table.of), names)), table: table.of });
      }
      return digests;
    } finally {
      reader.closeSync();
    }
  }

  return {
    name,
    offsets: () => offsets,
    kept: keptOffsets,
    wants: new Set([tombstoneType.name]),
    takes: new Set(stages.map(({ takes }) => takes)),
    async begin() {
      release = await turns.take();
      try {
        // Rows that come now are not of a commit that may be written already.
        if (attempted !== null || (await stagedBytes(connection)) > MAX_STAGED_BYTES) await flush();
        await connection.run('BEGIN TRANSACTION');
        inTransaction = true;
      } catch (error) {
        release();
        throw error;
      }
    },
    project(sections, commit) {
      for (const section of sections) {
        for (const [i, stage] of stages.entries()) {
          if (section.table !== stage.takes || section.firstOffset < (taken[i]?.get(commit.log) ?? 0)) continue;
          const where = { ...commit, firstOffset: section.firstOffset };
          if (section.typeName === tombstoneType.name) stage.bury(tombstonesOf(section.objects()), where);
          else stage.append(section, where);
          if (waitingRows) continue;
          waitingRows = true;
          waitingSinceMs = Date.now();
        }
      }
    },
    async commit(reached) {
      for (const stage of stages) stage.flush();
      // Whether it succeeds or not, the transaction is over.
      inTransaction = false;
      await connection.run('COMMIT');
      for (const own of taken) for (const [log, next] of reached) own.set(log, Math.max(next, own.get(log) ?? 0));
      learnOffsets();
      if (await isDue()) await flush();
      else if (waitingRows) flushLater(Math.max(0, waitingSinceMs + lake.everyMs - Date.now()));
      release();
    },
    async rollback() {
      for (const stage of stages) stage.clear();
      if (inTransaction) await connection.run('ROLLBACK');
      inTransaction = false;
      release();
    },
    async query(sql) {
      await whole();
      return readers.query(sql);
    },
    digest,
    async *readBeside(read, signal) {
      if (read.kind === 'digest') yield (await digest()).map((each) => ({ ...each }));
      else {
        await whole();
        yield* readers.stream(read.sql, signal);
      }
    },
    // Files of a lake are looked after where they are.
    verify: async () => null,
    async close() {
      if (timer !== null) clearTimeout(timer);
      // What can't be written now is read from the journal again.
      await turns.alone(flush).catch(() => {});
      await readers.close();
      viewer.closeSync();
      connection.closeSync();
      instance.closeSync();
      rmSync(making, { recursive: true, force: true });
    },
  };
}
