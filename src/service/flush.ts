/**
 * The flush at the end of an input: open windows, sessions and null sides of joins are given as they are, and stay open. It
 * is journaled, and moves no watermark and no position, so the input of a later run corrects what was given.
 */
import { flushType } from '../messages/types.ts';
import type { RunningStream } from './pipeline.ts';

/** Name of the source that flushes come from. */
export const FLUSH = 'flush';

const AT_END_OF_INPUT = flushType.encodeBlock([{ reason: 'end-of-input' }]);

/**
 * Resolves once the flush is durable in every partition of the streams. A stream without events since its last flush is
 * left as it is.
 */
export async function flushStreams(streams: Iterable<RunningStream>): Promise<void> {
  const durable = [...streams]
    .filter(({ units }) => units.some((unit) => !unit.status().isFlushed))
    .flatMap(({ intake, units }) =>
      units.map(
        (_, partition) =>
          new Promise<void>((resolve, reject) => {
            const onDurable = (): void => resolve();
            const batch = { source: FLUSH, next: null, blocks: [AT_END_OF_INPUT], onDurable, onRejected: reject };
            intake.deliver(partition, batch).catch(reject);
          }),
      ),
    );
  await Promise.all(durable);
}
