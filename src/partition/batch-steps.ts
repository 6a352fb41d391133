/** A batch, or the input of a commit, as steps: each block by what it is, each event with its place in event time. */
import type { Block } from '../messages/block.ts';
import type { DynamicEvent, EventType } from '../messages/codec.ts';
import type { Columns } from '../messages/columns.ts';
import { logName } from '../messages/log-name.ts';
import type { Registry } from '../messages/registry.ts';
import { decodeSeen } from '../messages/seen-times.ts';
import type { Tombstone } from '../messages/streams.ts';
import {
  callCutOffType,
  exchangedBlockType,
  flushType,
  forgottenType,
  forwardedBlockType,
  leftBehindType,
  operatorMessageType,
  repeatedEventsType,
  sourceControlType,
  tombstoneType,
  windowPartsType,
} from '../messages/types.ts';
import { eventTimes, type TimeField } from '../streams/event-times.ts';
import type { LogPlace, OperatorMessage } from '../streams/operator.ts';
import type { WatermarkPolicy } from '../streams/watermark.ts';
import type { BlockColumns } from './block-columns.ts';
import type { PartitionTime } from './partition-time.ts';
import type { EventsStep, Step } from './steps.ts';

/** Events of one stream. */
export interface PartitionEvents extends TimeField {
  readonly stream: string;
  readonly eventType: EventType<DynamicEvent>;
  readonly watermark: WatermarkPolicy;
  /** The logs that the events are read from; none when they come from a source. */
  readonly channels: readonly string[];
  /** The events stand in the logs of another input, beside that input's events, and do not move its event time. */
  readonly isBeside?: true;
}

/** The partition's own log, and its inputs. */
interface Reading {
  readonly stream: string;
  readonly partition: number;
  readonly inputs: readonly [PartitionEvents, ...PartitionEvents[]];
}

/** `firstOffset` is the offset of the first event in the log; null where nobody asks. */
export type BatchSteps = (blocks: readonly Block[], firstOffset: number | null) => Step[];

export function createBatchSteps(
  { stream: logStream, partition, inputs }: Reading,
  registry: Registry,
  time: PartitionTime,
  columns: BlockColumns<PartitionEvents>,
): BatchSteps {
  const [own, ...others] = inputs;
  const log = logName(logStream, partition);

  function eventsStep(
    channel: string,
    rows: Columns,
    events: PartitionEvents,
    seenMs: Float64Array | null,
    at: LogPlace | null,
  ): EventsStep {
    const timesMs = eventTimes(rows, events);
    const watermarksMs = new Float64Array(rows.count);
    if (events.isBeside === true) {
      const { watermarkMs } = time.state();
      return {
        kind: 'events',
        stream: events.stream,
        columns: rows,
        timesMs,
        watermarkMs,
        watermarksMs: watermarksMs.fill(watermarkMs),
        at,
      };
    }
    // Only a control can leave part of the step incomplete.
    const isComplete = time.completeMs() === Number.POSITIVE_INFINITY;
    const completeMs = isComplete ? null : new Float64Array(rows.count);
    const watermarkMs = time.observe(channel, timesMs, watermarksMs, seenMs, completeMs);
    const step: EventsStep = {
      kind: 'events',
      stream: events.stream,
      columns: rows,
      timesMs,
      watermarkMs,
      watermarksMs,
      at,
    };
    return completeMs === null ? step : { ...step, completeMs };
  }

  function completeness(): { readonly completeMs?: number } {
    const completeMs = time.completeMs();
    return completeMs === Number.POSITIVE_INFINITY ? {} : { completeMs };
  }

  /** Repeated events are for one operator; for all others, and for the watermark, they are no news. */
  function repeatedStep(operator: string, stream: string, block: Block, at: LogPlace | null): EventsStep | null {
    const events = inputs.find((each) => each.stream === stream);
    if (events === undefined) return null;
    const rows = columns.of(block, events);
    const { watermarkMs } = time.state();
    const watermarksMs = new Float64Array(rows.count).fill(watermarkMs);
    const timesMs = eventTimes(rows, events);
    return { kind: 'events', stream, columns: rows, timesMs, watermarkMs, watermarksMs, at, only: operator };
  }

  function deletionStep(channel: string, stream: string, { key, occurredAt }: Tombstone, seenMs: number): Step {
    const after = new Float64Array(1);
    time.observe(channel, Float64Array.of(occurredAt), after, Float64Array.of(seenMs));
    return { kind: 'deletion', stream, key, occurredAt, watermarkMs: after[0]!, ...completeness() };
  }

  function take(
    channel: string,
    block: Block,
    steps: Step[],
    at: LogPlace | null,
    seenMs: Float64Array | null = null,
  ): void {
    const { fingerprint, bytes } = block;
    const record = registry.nameOf(fingerprint);
    const events =
      others.find(({ channels, isBeside, eventType }) => {
        return channels.includes(channel) && (isBeside !== true || eventType.name === record);
      }) ?? own;
    switch (record) {
      case events.eventType.name:
        steps.push(eventsStep(channel, columns.of(block, events), events, seenMs, at));
        break;
      case tombstoneType.name:
        for (const [i, tombstone] of registry.decodeAs(tombstoneType, fingerprint, bytes).entries()) {
          steps.push(deletionStep(channel, events.stream, tombstone, seenMs?.[i] ?? Number.NaN));
        }
        break;
      case forgottenType.name:
        for (const { occurredAt } of registry.decodeAs(forgottenType, fingerprint, bytes)) {
          if (occurredAt === null) continue;
          const after = new Float64Array(1);
          time.observe(channel, Float64Array.of(occurredAt), after);
          steps.push({ kind: 'watermark', watermarkMs: after[0]!, ...completeness() });
        }
        break;
      case sourceControlType.name:
        for (const control of registry.decodeAs(sourceControlType, fingerprint, bytes)) {
          steps.push({ kind: 'watermark', watermarkMs: time.control(channel, control), ...completeness() });
        }
        break;
      case leftBehindType.name:
        steps.push({ kind: 'watermark', watermarkMs: time.leaveBehind(channel), ...completeness() });
        break;
      case callCutOffType.name:
        for (const call of registry.decodeAs(callCutOffType, fingerprint, bytes)) {
          steps.push({ kind: 'cutOff', call, watermarkMs: time.state().watermarkMs });
        }
        break;
      case repeatedEventsType.name:
        for (const { operator, stream, block: events, ...own } of registry.decodeAs(
          repeatedEventsType,
          fingerprint,
          bytes,
        )) {
          const step = repeatedStep(operator, stream, { ...own, bytes: events }, at);
          if (step !== null) steps.push(step);
        }
        break;
      case operatorMessageType.name:
        for (const { operator, block: told, ...own } of registry.decodeAs(operatorMessageType, fingerprint, bytes)) {
          const message: OperatorMessage = {
            records: (type) =>
              registry.nameOf(own.fingerprint) === type.name ? registry.decodeAs(type, own.fingerprint, told) : [],
          };
          steps.push({ kind: 'message', operator, message, watermarkMs: time.state().watermarkMs });
        }
        break;
      case windowPartsType.name:
        for (const { parts } of registry.decodeAs(windowPartsType, fingerprint, bytes)) {
          steps.push({ kind: 'parts', parts, watermarkMs: time.state().watermarkMs });
        }
        break;
      case flushType.name:
        if (time.flush(channel))
          steps.push({ kind: 'flush', watermarkMs: time.state().watermarkMs, ...completeness() });
        break;
      case forwardedBlockType.name:
        for (const { log, block: forwarded, ...own } of registry.decodeAs(forwardedBlockType, fingerprint, bytes)) {
          take(log, { ...own, bytes: forwarded }, steps, null);
        }
        break;
      case exchangedBlockType.name:
        for (const [i, exchanged] of registry.decodeAs(exchangedBlockType, fingerprint, bytes).entries()) {
          const { log, before, seen, block: own, count, fingerprint: writer } = exchanged;
          for (const each of before) steps.push({ kind: 'watermark', watermarkMs: time.see(each), ...completeness() });
          if (count === 0) continue;
          // All rows stand in the one event of the log that brought them.
          const place = at === null ? null : { ...at, offset: at.offset + i, isEachRow: false };
          take(log, { fingerprint: writer, count, bytes: own }, steps, place, decodeSeen(seen, count));
        }
        break;
    }
  }

  return (blocks, firstOffset) => {
    const steps: Step[] = [];
    let offset = firstOffset;
    for (const block of blocks) {
      take('', block, steps, offset === null ? null : { log, offset, isEachRow: true });
      if (offset !== null) offset += block.count;
    }
    return steps;
  };
}
