/** Looks for the files that start runs of jobs. */
import type { JobConfig } from '../config/sections/jobs.ts';
import type { CommandAnswer, JobCommand } from '../jobs/commands.ts';
import { type ArrivedFile, settledFiles } from '../jobs/triggers.ts';
import type { ServiceCore } from '../service.ts';

/**
 * Looks for files until the returned function is called. A file that the scheduler could not take is offered again at the
 * next look.
 */
export function watchFiles(
  { platform, logger }: Pick<ServiceCore, 'platform' | 'logger'>,
  jobs: readonly JobConfig[],
  command: (command: JobCommand) => Promise<CommandAnswer>,
): () => void {
  const { filesLike } = platform;
  if (filesLike === undefined) return () => {};
  const ends = jobs.flatMap(({ name, trigger }) => {
    if (trigger?.kind !== 'file') return [];
    let before: readonly ArrivedFile[] = [];
    let isLooking = false;
    let problem: string | null = null;
    const look = async (): Promise<void> => {
      const now = await filesLike(trigger.path);
      const settled = settledFiles(before, now);
      before = now;
      for (const file of settled) await command({ kind: 'file', job: name, file });
    };
    const again = (): void => {
      if (isLooking) return;
      isLooking = true;
      look()
        .then(
          () => {
            problem = null;
          },
          (error: unknown) => {
            const said = error instanceof Error ? error.message : String(error);
            if (said !== problem) logger.warn({}, `The job ${name} waits for ${trigger.path}: ${said}`);
            problem = said;
          },
        )
        .finally(() => {
          isLooking = false;
        });
    };
    again();
    return [platform.every(trigger.everyMs, again)];
  });
  return () => {
    for (const end of ends) end();
  };
}
