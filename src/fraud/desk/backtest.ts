/**
 * A backtest: what alerts there would have been in the past by other rules, beside those there were. The journal's input is
 * folded through the very operators that live work uses, from the start of each log on, so sessions, norms, cases and what
 * analysts did are as they were. Nothing is written, and no lock is taken.
 */

import { notedStreams } from '../../data-directory/derivation-history.ts';
import { registryOf } from '../../data-directory/registry-of.ts';
import { requireJournal } from '../../data-directory/require-journal.ts';
import type { CommitReader } from '../../journal/commit-reader.ts';
import { openPassingReader } from '../../journal/open-reader.ts';
import { nodeSyncFs } from '../../journal/sync-fs.ts';
import type { Section } from '../../messages/commit.ts';
import { logPlace } from '../../messages/log-name.ts';
import type { Registry } from '../../messages/registry.ts';
import { OPERATOR_KINDS } from '../../operator-kinds.ts';
import { createPartitionFold, type Derivation, derivationTypes, deriveAll } from '../../partition/derivation.ts';
import { modelWithText } from '../lab/model-files.ts';
import type { Rule } from '../rule-set.ts';
import { alertRaisedType, caseChangedType, fraudLabelType, transactionType } from '../types.ts';
import { type Alerted, type BacktestResult, compared, type History, newAlerted } from './backtest-result.ts';

export interface BacktestAsked {
  readonly dataDir: string;
  /** Null for those that the history was derived by. */
  readonly rules: readonly Rule[] | null;
  /** Only a score of so much raises an alert, of the rules or of the model; null for any hit, and the model's own. */
  readonly threshold: number | null;
  /** The model that scores, by its id; null for those that did. */
  readonly model?: string | null;
  /** Epoch ms of event time; the end is exclusive. */
  readonly fromMs: number;
  readonly toMs: number;
  /** How far each log is durable, where the caller writes them; else what the files vouch for is read. */
  readonly endOf?: (log: string) => number | undefined;
}

/** What is folded: the vectors, where there are any, and what judges the events. */
const FOLDED = ['features', 'fraud'];
/** Between two looks at whether others wait for this thread. */
const TURN_MS = 10;

/** Throws with words for people when the directory has no journal, or none with cases. */
export async function backtest(asked: BacktestAsked): Promise<BacktestResult> {
  const startedAt = performance.now();
  const journal = requireJournal(asked.dataDir);
  const registry = registryOf(asked.dataDir);
  const noted = [...notedStreams(asked.dataDir, nodeSyncFs).values()].find(({ derivation }) =>
    derivation.operators.some(({ kind }) => kind === 'fraud'),
  );
  if (noted === undefined) throw new Error(`${asked.dataDir} has no history of fraud detection to test rules on`);
  const reader = openPassingReader(journal);
  const history: History = { transactions: new Map(), frauds: new Map(), live: newAlerted(), other: newAlerted() };
  const derivation = candidateOf(noted.derivation, asked);
  for (const log of await reader.logNames()) {
    if (logPlace(log)?.stream === derivation.stream) await foldLog(reader, log, derivation, registry, history, asked);
    else await readLog(reader, log, registry, history, asked);
  }
  return { ...compared(history, asked), seconds: (performance.now() - startedAt) / 1000 };
}

/** Throws in words for people when the model can't be had. */
function candidateOf(live: Derivation, { dataDir, rules, threshold, model: id = null }: BacktestAsked): Derivation {
  const file = id === null ? null : modelWithText(dataDir, id);
  const model = file === null ? null : { threshold: threshold ?? file.model.threshold, content: file.text };
  const operators = live.operators
    .filter(({ kind }) => FOLDED.includes(kind))
    .map((operator) =>
      operator.kind === 'fraud'
        ? {
            ...operator,
            spec: {
              ...operator.spec,
              ...(rules === null ? {} : { rules }),
              ...(threshold === null ? {} : { threshold }),
              ...(model === null ? {} : { model }),
            },
          }
        : operator,
    );
  return { ...live, operators };
}

/** A log of other partitions: transactions and labels that came in there. */
async function readLog(
  reader: CommitReader,
  log: string,
  registry: Registry,
  history: History,
  asked: BacktestAsked,
): Promise<void> {
  const range = { fromOffset: await reader.startOf(log), toOffset: asked.endOf?.(log) ?? (await reader.endOf(log)) };
  for await (const { commit } of reader.commits(log, range)) noteFacts(commit.sections, registry, history, asked);
}

async function foldLog(
  reader: CommitReader,
  log: string,
  derivation: Derivation,
  registry: Registry,
  history: History,
  asked: BacktestAsked,
): Promise<void> {
  const types = derivationTypes(derivation, OPERATOR_KINDS);
  for (const type of types.inputs) registry.add(type);
  const fold = createPartitionFold(derivation, types, logPlace(log)?.partition ?? 0, registry);
  const range = { fromOffset: await reader.startOf(log), toOffset: asked.endOf?.(log) ?? (await reader.endOf(log)) };
  let turnedAt = performance.now();
  for await (const { commit } of reader.commits(log, range)) {
    noteFacts(commit.sections, registry, history, asked);
    // What comes behind this is later than the range, or late. Labels may still come.
    if (fold.partition.status().watermarkMs >= asked.toMs) continue;
    noteAlerts(commit.sections, registry, history.live, asked);
    const now = fold.partition.replay(commit, (steps) => deriveAll(fold, steps));
    noteAlerts(now, registry, history.other, asked);
    if (performance.now() - turnedAt < TURN_MS) continue;
    await new Promise(setImmediate);
    turnedAt = performance.now();
  }
}

/** Transactions of the range, with their amounts, and all labels that say fraud, the latest word of each. */
function noteFacts(
  sections: readonly Section[],
  registry: Registry,
  { transactions, frauds }: History,
  { fromMs, toMs }: BacktestAsked,
): void {
  for (const section of sections) {
    const name = registry.nameOf(section.fingerprint);
    if (name === transactionType.name && section.role === 'input') {
      const columns = registry.columnsAs(transactionType, section, transactionType.columns);
      const ids = columns.numbers('transactionId');
      const times = columns.numbers('occurredAt');
      const amounts = columns.numbers('amountCents');
      for (let row = 0; row < columns.count; row++) {
        if (times[row]! >= fromMs && times[row]! < toMs) transactions.set(ids[row]!, amounts[row]!);
      }
    } else if (name === fraudLabelType.name) {
      for (const label of registry.decodeAs(fraudLabelType, section.fingerprint, section.bytes)) {
        const known = frauds.get(label.transactionId);
        if (known === undefined || label.knownAt >= known.knownAt) frauds.set(label.transactionId, label);
      }
    }
  }
}

function noteAlerts(
  sections: readonly Section[],
  registry: Registry,
  { alerts, hits }: Alerted,
  { fromMs, toMs }: BacktestAsked,
): void {
  for (const { role, fingerprint, bytes } of sections) {
    if (role !== 'derived') continue;
    const name = registry.nameOf(fingerprint);
    if (fingerprint === alertRaisedType.fingerprint || name === alertRaisedType.name) {
      for (const alert of registry.decodeAs(alertRaisedType, fingerprint, bytes)) {
        if (alert.occurredAt >= fromMs && alert.occurredAt < toMs) alerts.set(alert.alertId, alert);
      }
    } else if (fingerprint === caseChangedType.fingerprint || name === caseChangedType.name) {
      for (const { change, caseId, transactionId, occurredAt } of registry.decodeAs(
        caseChangedType,
        fingerprint,
        bytes,
      )) {
        if (change !== 'opened' && change !== 'hit') continue;
        if (occurredAt >= fromMs && occurredAt < toMs) hits.set(transactionId, caseId);
      }
    }
  }
}
