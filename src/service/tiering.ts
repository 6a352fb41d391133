/**
 * Sends old segments of a running service's journal to the place that `journal.tier` names, one at a time and beside
 * everything else. When the place can't be reached, nothing waits for it; only this disk's space is not freed.
 */
import type { Config } from '../config/config.ts';
import { openTier, type TierSettings, tierLog } from '../data-directory/tiering.ts';
import { nodeTimer } from '../deadline.ts';
import type { Metrics } from '../http/metrics.ts';
import { messageOf } from '../journal/error.ts';
import type { Tier } from '../journal/tier.ts';
import type { Logger } from '../logger.ts';
import type { Platform } from './platform.ts';
import type { Pruning } from './pruning.ts';

export interface Tiering {
  /** Segments of a log may be due. */
  wake(log: string): void;
  /** Lets `act` remove files of a log, unless a segment of the log is on its way; `act` is then left out. */
  beside(log: string, act: () => Promise<void>): Promise<void>;
  /** What the tiering waits for, in words for people; null while all due segments go. */
  problem(): string | null;
  /** Resolves once nothing more happens. A segment that is on its way stays on this disk. */
  close(): Promise<void>;
}

interface TieringHost {
  readonly platform: Platform;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'add'>;
  readonly pruning: Pick<Pruning, 'isHeld'>;
  /** From where a start reads the operations log. */
  operationsFrom(): number;
}

/** Pause between two attempts while the place can't be reached. */
const RETRY_MS = 30_000;

/** Null where no segment leaves this disk. */
export function createTiering({ dataDir, journal }: Config, host: TieringHost): Tiering | null {
  return journal.tier === null ? null : tieringTo(journal.tier, dataDir, host);
}

function tieringTo(settings: TierSettings, dataDir: string, host: TieringHost): Tiering {
  const { platform, logger, metrics, pruning } = host;
  const stopping = new AbortController();
  const due = new Set<string>();
  let tier: Tier | null = null;
  let working: Promise<void> | null = null;
  let problem: string | null = null;
  let sending: string | null = null;
  const held = new Set<string>();
  let cancelRetry = (): void => {};

  async function send(log: string): Promise<void> {
    tier ??= await openTier(dataDir, settings, platform.disk.fs, stopping.signal);
    const { segments, bytes } = await tierLog(log, tier, {
      dataDir,
      settings,
      operationsFrom: host.operationsFrom(),
      nowMs: platform.nowMs(),
      ...platform.disk,
      onSent: (sent) => metrics.add('journal_tiered_bytes_total', { log }, sent),
    });
    if (segments > 0) logger.info({ log, segments, bytes, to: settings.place }, 'old segments went to their place');
  }

  function failed(log: string, error: unknown): void {
    if (stopping.signal.aborted) return;
    const words = messageOf(error);
    if (words !== problem) {
      const what = 'old segments could not be sent to their place: they stay on this disk, and it is tried again';
      logger.warn({ log, to: settings.place, error: words }, what);
    }
    problem = words;
    cancelRetry();
    cancelRetry = nodeTimer(RETRY_MS, () => wake(log));
  }

  async function work(): Promise<void> {
    // Whoever copies the journal's files finds them where they are.
    for (const log of due) {
      if (stopping.signal.aborted || pruning.isHeld()) break;
      if (held.has(log)) continue;
      due.delete(log);
      sending = log;
      try {
        await send(log);
        problem = null;
      } catch (error) {
        failed(log, error);
      }
      sending = null;
    }
    working = null;
  }

  function wake(log: string): void {
    if (stopping.signal.aborted) return;
    due.add(log);
    working ??= work();
  }

  return {
    wake,
    async beside(log, act) {
      if (sending === log) return;
      held.add(log);
      await act().finally(() => held.delete(log));
    },
    problem: () => problem,
    async close() {
      cancelRetry();
      stopping.abort(new Error('The service is stopping'));
      await working;
    },
  };
}
