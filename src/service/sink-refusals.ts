/**
 * Tells people of a sink whose receiver refuses events: one log line for each reason, and one when the events are taken
 * again.
 */
import type { Logger } from '../logger.ts';

export interface SinkRefusals {
  refused(message: string): void;
  delivered(): void;
  /** Why the sink's events wait, in words; null while they do not. */
  problem(): string | null;
}

export function sinkRefusals(sink: string, logger: Logger): SinkRefusals {
  let told: string | null = null;
  return {
    refused(message) {
      if (message !== told) logger.warn({ sink }, `events wait, and are tried again: ${message}`);
      told = message;
    },
    delivered() {
      if (told !== null) logger.warn({ sink }, 'events are taken again');
      told = null;
    },
    problem: () => told,
  };
}
