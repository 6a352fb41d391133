/**
 * A file as the source of a stream: read in a thread of the batch pool, delivered in order, and at its end, if it is to
 * be flushed, closed by a control event in every partition.
 */
import { statSync } from 'node:fs';
import { sourceControlType } from '../messages/types.ts';
import type { Source } from '../sources/source.ts';
import { type BatchPool, startBatchPool } from '../workers/pool.ts';
import type { ReadInputMessage } from '../workers/read-input-protocol.ts';
import type { StreamRuntime } from './pipeline.ts';

export interface FileInput {
  readonly source: Source;
  readonly ended: Promise<void>;
  counts(): { readonly records: number; readonly skipped: number };
}

const FORMATS = /\.(csv|jsonl)(\.gz)?$/;
const END_OF_INPUT = sourceControlType.encodeBlock([{ control: 'endOfInput', watermark: 0 }]);

/** Throws when the file is missing or of a format that is not read. */
export function createFileInput(stream: StreamRuntime, path: string, flush: boolean): Omit<FileInput, 'ended'> {
  if (!FORMATS.test(path)) throw new Error(`${path}: its name must end in .csv, .jsonl, .csv.gz or .jsonl.gz`);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) throw new Error(`${path}: there is no such file`);
  const name = `file:${path}`;
  let records = 0;
  let skipped = 0;
  const source: Source = {
    name,
    async run(intake, signal) {
      const pool: BatchPool = startBatchPool(1);
      records = 0;
      skipped = 0;
      let lastLine = 0;
      let failure: Error | null = null;
      // Messages are handled one after another: delivery waits for room, and room is what a credit stands for.
      let tail = Promise.resolve();
      const handle = async (message: ReadInputMessage): Promise<void> => {
        if (message.kind === 'batch') {
          await intake.deliver(message.partition, { source: name, next: message.next, blocks: message.blocks });
          return;
        }
        records += message.records;
        skipped += message.skipped;
        lastLine = message.lastLine;
        reading.grant();
      };
      const reading = pool.readInput(
        {
          path,
          stream: stream.name,
          source: name,
          schema: stream.eventType.schema,
          keyField: stream.config?.key ?? '',
          positions: stream.units.map((_, partition) => intake.position(name, partition)),
        },
        (message) => {
          tail = tail
            .then(() => handle(message))
            .catch((error: Error) => {
              failure ??= error;
            });
        },
        signal,
      );
      try {
        await reading.done;
        await tail;
        if (failure !== null) throw failure;
        if (flush) await endInput(stream, name, lastLine);
      } finally {
        await pool.close();
      }
    },
  };
  return { source, counts: () => ({ records, skipped }) };
}

/** One past the last line is the position that says: ended. */
async function endInput({ intake, units }: StreamRuntime, source: string, lastLine: number): Promise<void> {
  const next = lastLine + 1;
  for (let partition = 0; partition < units.length; partition++) {
    if (intake.position(source, partition) >= next) continue;
    await new Promise<void>((resolve, reject) => {
      const batch = { source, next, blocks: [END_OF_INPUT], onDurable: () => resolve(), onRejected: reject };
      intake.deliver(partition, batch).catch(reject);
    });
  }
}
