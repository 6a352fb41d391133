/**
 * What one batch derives, written to blocks event by event: an event lives no longer than it takes to encode it, so a
 * batch leaves nothing behind for the collector to copy.
 */
import type { BlockWriter } from '../messages/block.ts';
import type { Section } from '../messages/commit.ts';
import type { DerivedBlockWriter, DerivedEventType } from '../messages/derived-event.ts';
import type { JoinResultType } from '../messages/join-result.ts';
import type { AlertRaised, SessionClosed } from '../messages/payments.ts';
import {
  alertRaisedType,
  caseChangedType,
  flushType,
  lateEventType,
  sessionClosedType,
  sourceControlType,
  transactionScoredType,
} from '../messages/types.ts';
import type { WindowResult, WindowResultType } from '../messages/window-result.ts';
import type { Derived } from './work.ts';

/** What a commit derived, as far as anybody asks once it is durable. */
export interface DerivedSummary {
  readonly windows: number;
  readonly late: number;
  /** Windows that these lost. */
  readonly lateWindows: number;
  readonly sessions: number;
  readonly alerts: readonly AlertRaised[];
  /** The last few of the sessions: a sample for whoever watches. */
  readonly lastSessions: readonly SessionClosed[];
}

export interface DerivedBlocks {
  readonly sinks: Derived;
  /** What was derived since the last call, in the order in which a commit has it. */
  take(): { readonly sections: Section[]; readonly summary: DerivedSummary };
}

const SAMPLED_SESSIONS = 5;

const NOTHING_JOINED = {
  push(): never {
    throw new Error('A result of a join came to a partition that has none');
  },
};

export function createDerivedBlocks(
  windowTypes: readonly WindowResultType[],
  joinType: JoinResultType | null,
  selectedTypes: readonly DerivedEventType[],
): DerivedBlocks {
  const windows = new Map<string, BlockWriter<WindowResult>>();
  for (const { window, type } of windowTypes) windows.set(window, type.blockWriter());
  const joined = joinType?.blockWriter() ?? null;
  const controls = sourceControlType.blockWriter();
  const flushes = flushType.blockWriter();
  const selected = new Map<string, DerivedBlockWriter>();
  for (const selection of selectedTypes) selected.set(selection.stream, selection.blockWriter());
  const late = lateEventType.blockWriter();
  const sessions = sessionClosedType.blockWriter();
  const scores = transactionScoredType.blockWriter();
  const alerts = alertRaisedType.blockWriter();
  const cases = caseChangedType.blockWriter();
  const own = [...windows.values(), ...(joined === null ? [] : [joined, controls, flushes]), ...selected.values()];
  const inOrder = [scores, alerts, cases, sessions, ...own, late];
  let lateWindows = 0;
  let raised: AlertRaised[] = [];
  let sample: SessionClosed[] = [];
  let nextSample = 0;

  return {
    sinks: {
      windows,
      joined: joined ?? NOTHING_JOINED,
      controls,
      flushes,
      selected,
      late: {
        push(event) {
          late.push(event);
          lateWindows += event.windows;
        },
      },
      sessions: {
        push(session) {
          sessions.push(session);
          sample[nextSample] = session;
          nextSample = (nextSample + 1) % SAMPLED_SESSIONS;
        },
      },
      scores,
      alerts: {
        push(alert) {
          alerts.push(alert);
          raised.push(alert);
        },
      },
      cases,
    },
    take() {
      const summary = {
        windows: [...windows.values()].reduce((sum, { length }) => sum + length, 0),
        late: late.length,
        lateWindows,
        sessions: sessions.length,
        alerts: raised,
        lastSessions: [...sample.slice(nextSample), ...sample.slice(0, nextSample)],
      };
      lateWindows = 0;
      raised = [];
      sample = [];
      nextSample = 0;
      const sections: Section[] = [];
      for (const writer of inOrder) {
        const block = writer.take();
        if (block !== null) sections.push({ ...block, role: 'derived' });
      }
      return { sections, summary };
    },
  };
}
