/** A file as a table that SQL can be asked of, with the values that the engine's own readers give. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { format, formatOf } from '../config/sections/formats.ts';
import { draftTable } from '../infer/table-draft.ts';
import type { AvroRecord } from '../messages/avro.ts';
import { dynamicEventType } from '../messages/codec.ts';
import type { StreamFormat } from '../messages/stream-format.ts';
import { deadLetterType } from '../messages/types.ts';
import { openScratchDatabase, type ScratchTable } from '../projections/scratch-database.ts';
import { fileFormat } from '../sources/file/open.ts';
import { quotedName, quotedText } from '../sql-quotes.ts';
import readInput from '../workers/read-input.ts';
import type { ReadInputMessage, ReadInputTask } from '../workers/read-input-protocol.ts';
import type { CheckedTable } from './checked-table.ts';

/** A stream's own way to read the file; a file of no stream is looked at first. */
export interface FileStream {
  readonly name: string;
  readonly schema: AvroRecord;
  readonly key: string;
  readonly format: StreamFormat;
}

/** A column of NaN and nulls is as wide as any. */
const THREADS = 2;

/** Whether a name is that of a file, there or not. */
export function isFileName(name: string): boolean {
  return existsSync(name) || fileFormat(name) !== null;
}

/** Throws with a message for people when the file is missing, or can't be read. */
export async function openFileTable(path: string, stream: FileStream | null): Promise<CheckedTable> {
  if (!existsSync(path)) throw new Error(`${path}: there is no such file`);
  const isWhereItLies = fileFormat(path) === 'parquet' && stream === null;
  const database = await openScratchDatabase(THREADS);
  try {
    if (isWhereItLies) {
      await database.seal([resolve(path)]);
      return { relation: `read_parquet(${quotedText(resolve(path))})`, rows: database.rows, refused: null, close };
    }
    const { schema, titles, ...own } = stream === null ? await drafted(path) : { ...stream, titles: new Map() };
    const table = await database.createTable('file', schema);
    const refused = await readFile({ path, schema, ...own }, table);
    await database.seal([]);
    const columns = [...titles].map(([field, title]) => `${quotedName(field)} AS ${quotedName(title)}`);
    const renamed = [...titles].some(([field, title]) => field !== title);
    const relation = renamed ? `(SELECT ${columns.join(', ')} FROM "file")` : '"file"';
    return { relation, rows: database.rows, refused, close };
  } catch (error) {
    close();
    throw error;
  }
  async function close(): Promise<void> {
    database.close();
  }
}

async function drafted(path: string): Promise<FileStream & { readonly titles: ReadonlyMap<string, string> }> {
  const { schema, titles, format: written } = await draftTable(path);
  const report = (at: readonly string[], message: string): never => {
    throw new Error(`${path}: ${at.join('.')} ${message}`);
  };
  return { name: 'file', schema, titles, key: '', format: formatOf(format.parse(written), schema, '', report) };
}

interface Refused {
  readonly count: number;
  readonly first: string;
}

/** Resolves with what the file had that is no event; null for nothing. */
async function readFile(
  { path, schema, key, format, name }: FileStream & { readonly path: string },
  table: ScratchTable,
): Promise<Refused | null> {
  const task: ReadInputTask = {
    path,
    stream: name,
    source: `file:${path}`,
    schema,
    keyField: key,
    format,
    positions: [0],
    known: [[]],
  };
  const type = dynamicEventType(schema);
  const columns = type.columnReader();
  const { port1, port2 } = new MessageChannel();
  let refused: Refused | null = null;
  let failure: unknown = null;
  function take(message: ReadInputMessage): void {
    if (message.kind === 'other-file') throw new Error(`${message.path}: ${message.problem}`);
    if (message.kind === 'chunk') port1.postMessage({ kind: 'credit' });
    if (message.kind !== 'batch') return;
    for (const block of message.blocks) {
      if (block.fingerprint === type.fingerprint) table.append(columns(block));
      else if (block.fingerprint === deadLetterType.fingerprint) {
        const [letter] = deadLetterType.decodeBlock(block.bytes);
        const first = letter === undefined ? '' : `line ${letter.position}: ${letter.detail}`;
        refused = { count: (refused?.count ?? 0) + block.count, first: refused?.first ?? first };
      }
    }
  }
  port1.on('message', (message: ReadInputMessage) => {
    try {
      take(message);
    } catch (error) {
      failure ??= error;
      port1.postMessage({ kind: 'cancel' });
    }
  });
  try {
    await readInput({ task, port: port2 });
  } catch (error) {
    throw failure ?? error;
  } finally {
    port1.close();
  }
  if (failure !== null) throw failure;
  table.end();
  return refused;
}
