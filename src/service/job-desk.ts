/** The way from people's commands about jobs to the scheduler, whether they come by API, command line or page. */
import type { CommandAnswer, JobCommand } from '../jobs/commands.ts';

/** A job as it stands. */
export interface JobStanding {
  readonly job: string;
  /** In words: `cron 0 6 * * * (Europe/Berlin)`, `every 15s`, `after the job other`, `by hand`. */
  readonly schedule: string;
  readonly isPaused: boolean;
  /** Epoch milliseconds; null when the clock starts no run. */
  readonly nextRunAt: number | null;
  readonly openRuns: number;
  readonly steps: readonly { readonly name: string; readonly kind: string; readonly needs: readonly string[] }[];
  readonly params: Readonly<Record<string, unknown>>;
}

interface JobScheduler {
  command(command: JobCommand): Promise<CommandAnswer>;
  standings(): readonly JobStanding[];
}

export interface JobDesk {
  command(command: JobCommand): Promise<CommandAnswer>;
  standings(): Promise<readonly JobStanding[]>;
  connect(scheduler: JobScheduler): void;
}

/** A command waits until the scheduler has recovered. */
export function createJobDesk(hasJobs: boolean): JobDesk {
  let connected: JobScheduler | null = null;
  let arrive = (_: JobScheduler): void => {};
  const arrived = new Promise<JobScheduler>((resolve) => {
    arrive = resolve;
  });
  return {
    connect(scheduler) {
      connected = scheduler;
      arrive(scheduler);
    },
    async command(command) {
      if (!hasJobs) return { kind: 'refused', message: 'the pipeline file has no jobs' };
      return (connected ?? (await arrived)).command(command);
    },
    standings: async () => (hasJobs ? (connected ?? (await arrived)).standings() : []),
  };
}
