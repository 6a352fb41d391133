/**
 * Sums in place of events. A partition that takes its events from other logs would store each of them once more in its own
 * log. Where its operator can go by sums, the log has sums instead: first the sums of a batch's events that are in time,
 * then the few events that may be late. Before each of these stands how far the log that it is from had come. So the batch
 * and its replay are the same steps.
 */
import type { Block } from '../messages/block.ts';
import type { Registry } from '../messages/registry.ts';
import { decodeSeen } from '../messages/seen-times.ts';
import { sliceBlock } from '../messages/slice-block.ts';
import type { ExchangedBlock } from '../messages/streams.ts';
import { exchangedBlockType, sourceControlType, windowPartsType } from '../messages/types.ts';
import { eventTimes } from '../streams/event-times.ts';
import type { EventSummary } from '../streams/operator.ts';
import type { PartitionEvents } from './batch-steps.ts';
import type { BlockColumns } from './block-columns.ts';
import { asBuffer } from './exchange-route.ts';
import { createPartitionTime, type PartitionTime, policiesOf } from './partition-time.ts';

/** The blocks of a batch as the log has them: as they are, where sums would take more room or say too little. */
export type SumUp = (blocks: readonly Block[]) => readonly Block[];

export function createSums(
  summary: EventSummary,
  events: PartitionEvents,
  registry: Registry,
  time: PartitionTime,
  columns: BlockColumns<PartitionEvents>,
): SumUp {
  const policies = policiesOf([events]);

  /**
   * Adds the events of an entry to the sums. Returns the entries that the log keeps of it; null where sums are not worth
   * it.
   */
  function sumEntry(entry: ExchangedBlock, ahead: PartitionTime): ExchangedBlock[] | null {
    const { log, fingerprint, count, block, seen } = entry;
    for (const each of entry.before) ahead.see(each);
    if (count === 0) return [entry];
    const own: Block = { fingerprint, count, bytes: block };
    const rows = columns.of(own, events);
    const timesMs = eventTimes(rows, events);
    if (!summary.begin(rows, timesMs)) return null;
    const seenMs = decodeSeen(seen, count);
    const watermarksMs = new Float64Array(count);
    let watermarkMs = ahead.observe(log, timesMs, watermarksMs, seenMs);
    const kept: ExchangedBlock[] = [];
    let { before } = entry;
    let latestMs = Number.NEGATIVE_INFINITY;
    const reached = (): ExchangedBlock['before'] =>
      latestMs === Number.NEGATIVE_INFINITY ? before : [...before, { log, occurredAt: latestMs, watermark: null }];
    for (let row = 0; row < count; row++) {
      if (!summary.add(row, timesMs[row]!, watermarkMs)) {
        const { bytes } = sliceBlock(own, row, row + 1, registry.writerOf);
        kept.push({ log, before: reached(), fingerprint, count: 1, block: asBuffer(bytes), seen: NOTHING });
        before = [];
      }
      watermarkMs = watermarksMs[row]!;
      if (timesMs[row]! > latestMs) latestMs = timesMs[row]!;
      if (seenMs !== null && seenMs[row]! > latestMs) latestMs = seenMs[row]!;
    }
    const nothing = { fingerprint: sourceControlType.fingerprint, count: 0, block: NO_EVENTS, seen: NOTHING };
    return [...kept, { log, before: reached(), ...nothing }];
  }

  const isOfEvents = ({ fingerprint, count }: ExchangedBlock): boolean =>
    count === 0 || registry.nameOf(fingerprint) === events.eventType.name;

  return (blocks) => {
    const entries: ExchangedBlock[] = [];
    for (const { fingerprint, bytes } of blocks) {
      if (fingerprint !== exchangedBlockType.fingerprint) return blocks;
      entries.push(...exchangedBlockType.decodeBlock(bytes));
    }
    // A block that comes after something else, such as a flush, has to stay after it.
    const other = entries.findIndex((entry) => !isOfEvents(entry));
    const summed = other < 0 ? entries : entries.slice(0, other);
    const ahead = createPartitionTime(events.watermark, policies);
    ahead.restore(time.state(), time.channels());
    const kept: ExchangedBlock[] = [];
    for (const entry of summed) {
      const own = sumEntry(entry, ahead);
      if (own === null) {
        summary.take();
        return blocks;
      }
      kept.push(...own);
    }
    const sizeOf = (some: readonly Block[]): number => some.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const parts = summary.take();
    if (parts === null) return blocks;
    const instead = [
      ...(parts.length === 0 ? [] : [windowPartsType.encodeBlock([{ parts }])]),
      exchangedBlockType.encodeBlock([...kept, ...entries.slice(summed.length)]),
    ];
    return sizeOf(instead) < sizeOf(blocks) ? instead : blocks;
  };
}

const NO_EVENTS = Buffer.from([0]);
const NOTHING = Buffer.alloc(0);
