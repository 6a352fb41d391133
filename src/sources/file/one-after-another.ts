/**
 * Several files as one source, read one after another. A file is recognised by what its partitions have journaled, so all
 * of the files before it must be durable when it is opened.
 */
import type { Intake } from '../source.ts';
import type { FileSource } from './file.ts';

export function createFilesSource(files: readonly FileSource[]): FileSource {
  const [only] = files;
  if (files.length === 1 && only !== undefined) return only;
  const sumOf = (count: (counts: ReturnType<FileSource['counts']>) => number): number =>
    files.reduce((sum, { counts }) => sum + count(counts()), 0);
  return {
    name: files.map(({ name }) => name).join(','),
    async run(intake, signal) {
      const watched = watch(intake);
      for (const file of files) {
        if (signal.aborted) return;
        await file.run(watched.intake, signal);
        await watched.settled(signal);
      }
    },
    counts: () => ({
      records: sumOf(({ records }) => records),
      skipped: sumOf(({ skipped }) => skipped),
      already: sumOf(({ already }) => already),
    }),
  };
}

/** Runs a source to its end, and waits until all that it delivered is durable or rejected, or the signal aborts. */
export async function runSettled(source: FileSource, intake: Intake, signal: AbortSignal): Promise<void> {
  const watched = watch(intake);
  await source.run(watched.intake, signal);
  await watched.settled(signal);
}

interface Watched {
  readonly intake: Intake;
  /** Resolves once all that was delivered is durable or rejected, or the signal aborts. */
  settled(signal: AbortSignal): Promise<void>;
}

function watch(intake: Intake): Watched {
  let open = 0;
  let onChange = (): void => {};
  const close = (): void => {
    open -= 1;
    onChange();
  };
  return {
    intake: {
      ...intake,
      async deliver(partition, batch) {
        open += 1;
        try {
          await intake.deliver(partition, {
            ...batch,
            onDurable(commit) {
              close();
              batch.onDurable?.(commit);
            },
            onRejected(reason) {
              close();
              batch.onRejected?.(reason);
            },
          });
        } catch (error) {
          close();
          throw error;
        }
      },
    },
    async settled(signal) {
      const stop = (): void => onChange();
      signal.addEventListener('abort', stop, { once: true });
      while (open > 0 && !signal.aborted) {
        await new Promise<void>((resolve) => {
          onChange = resolve;
        });
      }
      signal.removeEventListener('abort', stop);
    },
  };
}
