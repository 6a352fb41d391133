/** The source of the payments: delivers its list in batches of any size, pauses, and delivers again what it delivered. */

import { createHandover } from '../../src/sources/handover.ts';
import type { Intake, Source } from '../../src/sources/source.ts';
import { blocksOf, type Input } from './input.ts';
import { FEED, type Oracle } from './oracle.ts';
import type { Plan } from './plan.ts';
import { PAYMENTS } from './scenario.ts';
import type { World } from './world.ts';

const PAUSE_MS = 400;

export interface FeedOptions {
  readonly world: World;
  readonly plan: Plan;
  readonly input: Input;
  readonly oracle: Oracle;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export function createFeed({ world, plan, input, oracle, sleep }: FeedOptions): Source {
  const random = world.random('feed');
  const handover = createHandover(FEED);

  async function feed(intake: Intake, partition: number, from: number, signal: AbortSignal): Promise<void> {
    let next = from;
    while (!signal.aborted && next < input.length(partition)) {
      await sleep(PAUSE_MS * 2 * random.uniform(), signal);
      if (signal.aborted) return;
      if (world.faults.failingSources > 0) {
        world.faults.failingSources -= 1;
        throw new Error('The broker is gone');
      }
      if (plan.givenBackPercent > 0 && random.below(100) < plan.givenBackPercent) {
        await intake.close(partition);
        await sleep(PAUSE_MS * 10 * random.uniform(), signal);
        await intake.open(partition, signal);
        next = intake.position(FEED, partition);
      }
      const items = input.take(partition, next, 1 + random.below(plan.largestBatch));
      if (items.length === 0) return;
      next += items.length;
      const blocks = blocksOf(PAYMENTS, FEED, items);
      const times = random.below(100) < plan.redeliveriesPercent ? 2 : 1;
      for (let time = 0; time < times; time++) await handover.deliver(intake, partition, next, blocks);
    }
  }

  return {
    name: FEED,
    async run(intake, signal) {
      const watched: Intake = {
        ...intake,
        deliver: (partition, batch) =>
          intake.deliver(partition, {
            ...batch,
            onDurable(commit) {
              const log = `${PAYMENTS}-${partition}`;
              world.trace.note(`acknowledged ${log} ${batch.next}`);
              if (oracle.position(log, FEED) < (batch.next ?? 0)) {
                world.broken(
                  'acknowledge after durable',
                  `${log}: the batch to ${batch.next} was acknowledged too early`,
                );
              }
              batch.onDurable?.(commit);
            },
          }),
      };
      const starts = await handover.open(intake, signal);
      const abort = new AbortController();
      const either = AbortSignal.any([signal, abort.signal]);
      // Every delivery has ended before a restart asks where each partition stands.
      const ended = await Promise.allSettled(
        starts.map((from, partition) =>
          feed(watched, partition, from, either).catch((error: Error) => {
            abort.abort();
            throw error;
          }),
        ),
      );
      const failed = ended.find((result) => result.status === 'rejected');
      if (failed !== undefined && !signal.aborted) throw failed.reason;
    },
  };
}
