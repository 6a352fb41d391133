/**
 * A file as the source of a stream, read in another thread and delivered in order, at the pace of its partitions.
 *
 * A partition's position is the number of the last line that it has behind it (of the last record, in an Avro file).
 * The end of the file is no position: a file may grow, and is read on from there.
 */
import type { AvroRecord } from '../../messages/avro.ts';
import type { InputBlock } from '../../messages/origins.ts';
import type { StreamFormat } from '../../messages/stream-format.ts';
import type { FilePosition } from '../../messages/streams.ts';
import { createHandover } from '../handover.ts';
import { ENDED, type Resumed, recordsOf, WHAT_TO_DO } from '../known-file.ts';
import { InputError, type Intake, OtherFileError, type Source } from '../source.ts';

export interface ReadInputTask {
  readonly path: string;
  readonly stream: string;
  /** Stable name of the source, as it stands in dead letters. */
  readonly source: string;
  readonly schema: AvroRecord;
  readonly keyField: string;
  readonly format: StreamFormat;
  /** By partition: the last line that it has behind it, under this path. */
  readonly positions: readonly number[];
  /** By partition: where it is in the files that it has read. */
  readonly known: readonly (readonly FilePosition[])[];
}

export type ReadInputMessage =
  /** Before all others: which file this is, and where each partition goes on. */
  | { readonly kind: 'resumed'; readonly resumed: Resumed }
  /** Instead of all others. */
  | { readonly kind: 'other-file'; readonly path: string; readonly problem: string }
  | {
      readonly kind: 'batch';
      readonly partition: number;
      /** The last line that the batch accounts for. */
      readonly next: number;
      readonly blocks: readonly InputBlock[];
    }
  /** Ends the batches of some lines: the reader waits for a credit once it is a few of these ahead. */
  | {
      readonly kind: 'chunk';
      readonly records: number;
      /** Of the records, those that their partition had behind it. */
      readonly skipped: number;
      readonly lastLine: number;
    };

export interface ReadingInput {
  /** Resolves at the end of the file, after every message; rejects when it can't be read, or when aborted. */
  readonly done: Promise<void>;
  /** One more chunk may be read. */
  grant(): void;
}

/** Reads a file in another thread. Messages come in order. */
export type ReadInput = (
  task: ReadInputTask,
  onMessage: (message: ReadInputMessage) => void,
  signal: AbortSignal,
) => ReadingInput;

export interface FileSourceOptions {
  /** Absolute. */
  readonly path: string;
  readonly schema: AvroRecord;
  readonly keyField: string;
  readonly format: StreamFormat;
  readonly readInput: ReadInput;
}

export interface FileSource extends Source {
  /** Of the last run: events and dead letters read, and how many of them their partitions had behind them already. */
  counts(): FileCounts;
}

export interface FileCounts {
  readonly records: number;
  readonly skipped: number;
  /** What the logs of the partitions say that they had of the file when the process began. */
  readonly already: number;
}

export function createFileSource(options: FileSourceOptions): FileSource {
  const { path } = options;
  const name = `file:${path}`;
  const handover = createHandover(name);
  let records = 0;
  let skipped = 0;
  let already: number | null = null;

  async function read(intake: Intake, signal: AbortSignal): Promise<void> {
    const { schema, keyField, format, readInput } = options;
    const isLast = (partition: number): boolean =>
      isOfEarlierVersion(intake, name, path, partition) && intake.hasEnded(partition);
    // Its end of input was a position of its own.
    const positions = (await handover.open(intake, signal)).map((position, partition) =>
      isLast(partition) ? position - 1 : position,
    );
    const known = positions.map((_, partition) => intake.files(partition));
    let resumed: Resumed = { positions, records: [] };
    const failed = new AbortController();
    let failure: unknown = null;
    let lastLine = 0;
    // Messages are handled one after another: a delivery waits for room, which is what a credit stands for.
    let handled = Promise.resolve();
    const task = { path, stream: intake.stream, source: name, schema, keyField, format, positions, known };
    const onStopped = (): void => failed.abort();
    if (signal.aborted) onStopped();
    signal.addEventListener('abort', onStopped, { once: true });
    const reading = readInput(
      task,
      (message) => {
        handled = handled.then(() => handle(message)).catch(fail);
      },
      failed.signal,
    );
    async function handle(message: ReadInputMessage): Promise<void> {
      if (failed.signal.aborted || signal.aborted) return;
      if (message.kind === 'other-file') throw new OtherFileError(message.path, message.problem);
      if (message.kind === 'resumed') {
        resumed = message.resumed;
        already ??= recordsOf(resumed);
        return;
      }
      if (message.kind === 'batch') {
        if (intake.hasEnded(message.partition)) throw new OtherFileError(path, ENDED);
        await handover.deliver(intake, message.partition, message.next, message.blocks);
        return;
      }
      records += message.records;
      skipped += message.skipped;
      lastLine = message.lastLine;
      reading.grant();
    }
    function fail(reason: unknown): void {
      failure ??= reason;
      failed.abort();
    }
    await reading.done.catch((reason: Error) => fail(new InputError(reason.message, { cause: reason })));
    await handled;
    signal.removeEventListener('abort', onStopped);
    if (failure !== null) throw failure;
    checkLength(path, resumed.positions, lastLine);
  }

  return {
    name,
    counts: () => ({ records, skipped, already: already ?? skipped }),
    async run(intake, signal) {
      records = 0;
      skipped = 0;
      try {
        await read(intake, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
  };
}

function checkLength(path: string, positions: readonly number[], lastLine: number): void {
  for (const [partition, position] of positions.entries()) {
    if (position <= lastLine) continue;
    throw new OtherFileError(
      path,
      `it has ${lastLine} lines, but partition ${partition} has committed ${position} of it: it is not the same file. ` +
        WHAT_TO_DO,
    );
  }
}

/** That version kept the position under the path, and nothing of what the file was. */
function isOfEarlierVersion(intake: Intake, source: string, path: string, partition: number): boolean {
  return intake.position(source, partition) > 0 && !intake.files(partition).some((position) => position.path === path);
}
