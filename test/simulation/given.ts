/** What an exchange has to take in of what stands in the logs that it reads. */
import type { Transaction } from '../../src/fraud/schemas.ts';
import { transactionType } from '../../src/fraud/types.ts';
import type { Section } from '../../src/messages/commit.ts';
import { sourceControlType } from '../../src/messages/types.ts';
import type { Exchange } from '../../src/partition/exchange-route.ts';
import { partitionOf } from '../../src/streams/partitioner.ts';
import { linesOf } from './results.ts';
import { WEB } from './scenario.ts';

/** The fields that exchanges of the scenario go by. */
export const KEYS = ['terminalId', 'customerId'] as const;

/** By which an exchange tells its partitions apart; null: by nothing. */
interface Keyed {
  readonly key: (typeof KEYS)[number] | null;
  readonly partitions: number;
}

/** Of what is read of a log by an exchange, what goes to one of its partitions: not what could not be read itself. */
export function givenLines(sections: readonly Section[], { key, partitions }: Keyed, partition: number): string[] {
  const isOwn = (event: Transaction): boolean => key === null || partitionOf(event[key], partitions) === partition;
  const own = sections.flatMap((section): Section[] => {
    if (section.fingerprint === sourceControlType.fingerprint) return [section];
    if (section.fingerprint !== transactionType.fingerprint) return [];
    const events = transactionType.decodeBlock(section.bytes).filter(isOwn);
    return [{ ...section, ...transactionType.encodeBlock(events) }];
  });
  return linesOf(own);
}

/** The lines less so many that are not among the others: events that the log has sums of. */
export function without(given: readonly string[], kept: readonly string[], count: number): readonly string[] {
  let left = count;
  return given.filter((line) => {
    if (left === 0 || kept.includes(line)) return true;
    left -= 1;
    return false;
  });
}

export function readsWeb({ inputs }: Exchange): boolean {
  return inputs.some(({ stream }) => stream === WEB);
}
