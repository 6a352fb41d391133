/**
 * The blocks that one batch derives: the operators' outputs, late events and, where other partitions read the results, how
 * far these have come. An event lives no longer than it takes to encode it.
 */
import type { Block } from '../messages/block.ts';
import type { Section } from '../messages/commit.ts';
import type { LateEvent } from '../messages/streams.ts';
import { flushType, lateEventType, sourceControlType } from '../messages/types.ts';
import type { Operator, OperatorOutput } from '../streams/operator.ts';
import type { LateEvents } from '../streams/operator-kind.ts';
import { END_OF_TIME_MS } from '../streams/watermark.ts';
import { type Step, watermarkAfter } from './steps.ts';

/** How many events an output of an operator had. */
export interface DerivedCount {
  readonly kind: string;
  readonly operator: string;
  readonly stream: string;
  readonly events: number;
}

/** Counts of a commit's derived events. */
export interface DerivedSummary {
  /** Only outputs that had events. */
  readonly outputs: readonly DerivedCount[];
  readonly late: number;
  /** Windows that late events were too late for. */
  readonly lateWindows: number;
}

export interface DerivedBlocks {
  /** Takes what was derived from these steps, in the order of a commit. */
  take(steps: readonly Step[]): { readonly sections: Section[]; readonly summary: DerivedSummary };
}

export interface LateBlocks extends LateEvents {
  readonly length: number;
  /** How many windows lost these events. */
  readonly windows: number;
  take: OperatorOutput['events']['take'];
}

export function createLateBlocks(): LateBlocks {
  const writer = lateEventType.blockWriter();
  const late = {
    length: 0,
    windows: 0,
    push(event: LateEvent): void {
      writer.push(event);
      late.length = writer.length;
      late.windows += event.windows;
    },
    take(): Block | null {
      late.length = 0;
      late.windows = 0;
      return writer.take();
    },
  };
  return late;
}

/** `isRead`: other partitions read the results of these operators. */
export function createDerivedBlocks(operators: readonly Operator[], late: LateBlocks, isRead: boolean): DerivedBlocks {
  const all = operators.flatMap(({ kind, name, outputs }) => outputs.map((output) => ({ kind, name, output })));
  const own = [...all.filter(({ output }) => output.isFirst), ...all.filter(({ output }) => !output.isFirst)];
  const heldBackMs = Math.max(0, ...operators.map((operator) => operator.heldBackMs ?? 0));
  const controls = sourceControlType.blockWriter();
  const flushes = flushType.blockWriter();
  const others = [controls, flushes, late];
  const followers = new Map(
    own.flatMap(({ output }) => {
      const following = operators.filter(
        ({ inputs, follows }) => follows === undefined && inputs.includes(output.stream),
      );
      return following.length === 0 ? [] : [[output.stream, createFollowing(output, following)] as const];
    }),
  );

  function sayHowFar(steps: readonly Step[]): void {
    for (const { kind } of steps) if (kind === 'flush') flushes.push({ reason: 'upstream' });
    const reachedMs = watermarkAfter(steps);
    if (!Number.isFinite(reachedMs)) return;
    const watermark = reachedMs === END_OF_TIME_MS ? reachedMs : reachedMs - heldBackMs;
    controls.push({ control: 'watermark', watermark });
  }

  return {
    take(steps) {
      if (isRead) sayHowFar(steps);
      const outputs: DerivedCount[] = [];
      const sections: Section[] = [];
      for (const { kind, name, output } of own) {
        const block = output.events.take();
        if (block === null) continue;
        sections.push({ ...block, role: 'derived' });
        outputs.push({ kind, operator: name, stream: output.stream, events: block.count });
        followers.get(output.stream)?.(block);
      }
      const summary = { outputs, late: late.length, lateWindows: late.windows };
      for (const events of others) {
        const block = events.take();
        if (block !== null) sections.push({ ...block, role: 'derived' });
      }
      return { sections, summary };
    },
  };
}

const NO_TIMES = new Float64Array(0);

/** Tells the events that one operator has given to the operators that read them. */
function createFollowing({ stream, type }: OperatorOutput, following: readonly Operator[]): (block: Block) => void {
  const read = type.columnReader();
  return (block) => {
    const columns = read(block);
    for (const operator of following) {
      operator.begin({ stream, columns, timesMs: NO_TIMES, watermarkMs: Number.NEGATIVE_INFINITY, at: null });
      for (let row = 0; row < block.count; row++) operator.add(row);
    }
  };
}
