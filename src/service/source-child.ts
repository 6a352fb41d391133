/**
 * A source as a supervised child. It starts once its partitions have recovered. When it fails it is restarted, unless its
 * input is at fault.
 */
import { LastingError } from '../actors/restart-policy.ts';
import type { ChildSpec } from '../actors/supervisor.ts';
import { InputError, type Intake, type Source } from '../sources/source.ts';
import { allReady, type PartitionUnit } from './partition-unit.ts';

export interface SourceChild {
  readonly spec: ChildSpec;
  /** Resolves when the source has reached the end of its input; never for an endless source. */
  readonly ended: Promise<void>;
}

export function sourceChild(source: Source, intake: Intake, units: readonly PartitionUnit[]): SourceChild {
  let markEnded = (): void => {};
  const ended = new Promise<void>((resolve) => {
    markEnded = resolve;
  });
  const spec: ChildSpec = {
    id: `sources/${intake.stream}`,
    kind: 'source',
    async start({ failed, stopped, signal }) {
      await allReady(units, signal);
      const abort = new AbortController();
      let state = 'running';
      let isKilled = false;
      const running = source.run(intake, abort.signal).then(
        () => {
          state = 'stopped';
          if (!abort.signal.aborted) markEnded();
          // Nobody waits for a killed source.
          if (!isKilled) stopped();
        },
        (error: Error) => {
          state = 'failed';
          if (abort.signal.aborted) return;
          failed(error instanceof InputError ? new LastingError(error.message, { cause: error }) : error);
        },
      );
      return {
        state: () => state,
        drain() {
          abort.abort();
          return running;
        },
        kill() {
          isKilled = true;
          abort.abort();
        },
      };
    },
  };
  return { spec, ended };
}
