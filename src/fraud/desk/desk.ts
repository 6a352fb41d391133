/**
 * Commands about cases in a running service. A command goes into the log of the partition that it concerns. The answer
 * is the partition's outcome, once the outcome is durable and in the read models.
 *
 * A command has an id. The same id again gets the same answer, after any end of the process, and nothing happens twice.
 */

import type { Row } from '../../projections/store.ts';
import { createInternalSource } from '../../service/intake.ts';
import type { ServiceCore } from '../../service.ts';
import { hexText } from '../../sql-quotes.ts';
import { partitionOf } from '../../streams/partitioner.ts';
import type { CaseCommand, SuppressionCommand } from '../case-schemas.ts';
import type { FraudLabel } from '../schemas.ts';
import { caseCommandType, fraudLabelType, suppressionCommandType } from '../types.ts';
import { createPost, DESK } from './post.ts';

/** Cases that are tried one after the other when somebody asks for the next and others take them first. */
const TRIED = 20;

type Ask<T> = Omit<T, 'requestedAt' | 'customerId'>;

export type Answer =
  | { readonly kind: 'done' | 'refused'; readonly action: Row }
  /** A command of this id asked for something else. */
  | { readonly kind: 'reused' }
  | { readonly kind: 'unknown-case' };

export interface Desk {
  act(ask: Ask<CaseCommand>, signal?: AbortSignal): Promise<Answer>;
  /** Acknowledges the open case that matters most: of the highest score, then the oldest. Null when there is none. */
  next(by: string, commandId: string, signal?: AbortSignal): Promise<Row | null>;
  /** Resolves with the suppression as it stands; null when there is none to lift. */
  suppress(command: Omit<SuppressionCommand, 'requestedAt'>, signal?: AbortSignal): Promise<Row | null>;
}

/** Throws when the pipeline has no cases. */
export function createDesk(core: ServiceCore): Desk {
  const { home: cases, running, tell, caughtUp, rows } = createPost(core);
  const { platform } = core;
  const labels = running.find(({ config, eventType }) => config !== null && eventType.name === fraudLabelType.name);
  let passing: Promise<void> = Promise.resolve();
  /** By command id. */
  const underWay = new Map<string, Promise<Answer>>();

  async function actionOf(commandId: string): Promise<Row | undefined> {
    const [row] = await rows('sqlite', `SELECT * FROM case_actions WHERE command_id = ${hexText(commandId)}`);
    return row;
  }

  async function act(ask: Ask<CaseCommand>, signal: AbortSignal | undefined): Promise<Answer> {
    await caughtUp(signal);
    const before = await actionOf(ask.commandId);
    if (before !== undefined) {
      const isSame = before.case_id === ask.caseId && before.action === ask.action && before.by === ask.by;
      if (!isSame) return { kind: 'reused' };
      if (isOutcome(ask) && before.outcome === 'done') await passLabels();
      return answerOf(before);
    }
    const [found] = await rows('sqlite', `SELECT customer_id FROM cases WHERE case_id = ${hexText(ask.caseId)}`);
    if (found === undefined) return { kind: 'unknown-case' };
    const customerId = Number(found.customer_id);
    const command = { ...ask, customerId, requestedAt: platform.nowMs() };
    await tell(partitionOf(customerId, cases.units.length), caseCommandType.encodeBlock([command]));
    await caughtUp(signal);
    const action = await actionOf(ask.commandId);
    if (action === undefined) throw new Error(`The partition has not answered the command ${ask.commandId}`);
    if (isOutcome(ask) && action.outcome === 'done') await passLabels();
    return answerOf(action);
  }

  /**
   * An outcome is labels in the log of the case. Where labels are a stream, its readers are given them too: those of every
   * case that were not yet, so that what an end of the process kept from one command is made up for by the next.
   */
  function passLabels(): Promise<void> {
    // One after the other: what one has passed, the next sees.
    passing = passing.then(passMissing, passMissing);
    return passing;
  }

  async function passMissing(): Promise<void> {
    if (labels === undefined) return;
    await caughtUp(undefined);
    const events = await rows('duckdb', LABELS_NOT_PASSED);
    const own = createInternalSource(DESK, labels.intake);
    const count = labels.units.length;
    for (let partition = 0; partition < count; partition++) {
      const of = events.filter((row) => partitionOf(Number(row.customer_id), count) === partition);
      if (of.length > 0) await own.write(partition, [fraudLabelType.encodeBlock(of.map(labelOf))]);
    }
  }

  function once(ask: Ask<CaseCommand>, signal?: AbortSignal): Promise<Answer> {
    const before = (underWay.get(ask.commandId) ?? Promise.resolve()).catch(() => {});
    const answer = before.then(() => act(ask, signal));
    underWay.set(ask.commandId, answer);
    const forget = (): void => {
      if (underWay.get(ask.commandId) === answer) underWay.delete(ask.commandId);
    };
    answer.then(forget, forget);
    return answer;
  }

  return {
    act: once,
    async next(by, commandId, signal) {
      await caughtUp(signal);
      const open = await rows(
        'sqlite',
        `SELECT case_id, (SELECT max(score) FROM alerts WHERE alerts.case_id = cases.case_id) AS score FROM cases
          WHERE state = 'open' ORDER BY score DESC, opened_at, case_id LIMIT ${TRIED}`,
      );
      for (const [i, row] of open.entries()) {
        const ask = { commandId: `${commandId}/${i}`, by, note: '', caseId: String(row.case_id), forMs: 0 };
        const answer = await once({ ...ask, action: 'acknowledge' }, signal);
        if (answer.kind === 'done') return answer.action;
      }
      return null;
    },
    async suppress(command, signal) {
      const told = suppressionCommandType.encodeBlock([{ ...command, requestedAt: platform.nowMs() }]);
      // A card is in one partition; a terminal and a rule may meet any.
      const { customerId } = command;
      const one = customerId === null ? null : partitionOf(customerId, cases.units.length);
      const partitions = one === null || command.action === 'lift' ? cases.units.map((_, i) => i) : [one];
      await Promise.all(partitions.map((partition) => tell(partition, told)));
      await caughtUp(signal);
      const id = hexText(command.suppressionId);
      const [row] = await rows('sqlite', `SELECT * FROM suppressions WHERE suppression_id = ${id}`);
      return row ?? null;
    },
  };
}

/**
 * Labels of hits of cases that are in the log of their case alone: the table has a row of each log, so one that was passed
 * has two.
 */
const LABELS_NOT_PASSED = `SELECT l.transaction_id, l.customer_id, any_value(h.terminal_id) AS terminal_id,
    any_value(epoch_ms(h.occurred_at)) AS occurred_at, l.fraud, epoch_ms(l.known_at) AS known_at
  FROM (SELECT transaction_id, customer_id, fraud, known_at FROM labels WHERE origin = 'analyst'
    GROUP BY ALL HAVING count(*) = 1) AS l
  JOIN rule_hits h ON h.transaction_id = l.transaction_id AND h.case_id IS NOT NULL GROUP BY ALL
  ORDER BY known_at, l.transaction_id`;

function labelOf(row: Row): FraudLabel {
  return {
    transactionId: Number(row.transaction_id),
    customerId: Number(row.customer_id),
    terminalId: Number(row.terminal_id),
    occurredAt: Number(row.occurred_at),
    fraud: row.fraud === true || row.fraud === 1,
    scenario: 0,
    knownAt: Number(row.known_at),
    origin: 'analyst',
  };
}

function isOutcome({ action }: Pick<CaseCommand, 'action'>): boolean {
  return action === 'confirm' || action === 'dismiss';
}

function answerOf(action: Row): Answer {
  return { kind: action.outcome === 'done' ? 'done' : 'refused', action };
}
