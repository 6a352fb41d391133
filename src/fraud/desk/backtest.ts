/**
 * A backtest: the alerts that other rules would have raised in the past, beside the alerts that were raised. The
 * journal's input is folded, from the start of each log on, through the operators that live work uses, so sessions,
 * norms, cases and the analysts' actions are as they were. Features are the journaled ones. Nothing is written, and no
 * lock is taken.
 */

import { notedStreams } from '../../data-directory/derivation-history.ts';
import { registryOf } from '../../data-directory/registry-of.ts';
import { requireJournal } from '../../data-directory/require-journal.ts';
import { featureKind } from '../../features/feature-operator.ts';
import type { CommitReader } from '../../journal/commit-reader.ts';
import { openPassingReader } from '../../journal/open-reader.ts';
import { nodeSyncFs } from '../../journal/sync-fs.ts';
import type { Section } from '../../messages/commit.ts';
import { logPlace } from '../../messages/log-name.ts';
import type { Registry } from '../../messages/registry.ts';
import { operatorMessageType } from '../../messages/types.ts';
import { OPERATOR_KINDS } from '../../operator-kinds/kinds.ts';
import { createPartitionFold, type Derivation, derivationTypes, deriveAll } from '../../partition/derivation.ts';
import { modelWithText } from '../lab/model-files.ts';
import type { Rule } from '../rule-set.ts';
import { alertRaisedType, caseChangedType, caseCommandType, fraudLabelType, transactionType } from '../types.ts';
import { type Alerted, type BacktestResult, compared, type History, newAlerted } from './backtest-result.ts';
import { journaledVectors } from './journaled-vectors.ts';

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
  const streams = [...notedStreams(asked.dataDir, nodeSyncFs).values()];
  const noted = streams.find(({ derivation }) => derivation.operators.some(({ kind }) => kind === 'fraud'));
  if (noted === undefined) throw new Error(`${asked.dataDir} has no history of fraud detection to test rules on`);
  const reader = openPassingReader(journal);
  const history: History = { transactions: new Map(), frauds: new Map(), live: newAlerted(), other: newAlerted() };
  const derivation = candidateOf(noted.derivation, asked);
  const brought = new Set(
    streams.filter(({ derivation: { inputs } }) => inputs.some(({ channels }) => channels.length === 0)),
  );
  const judged = { reader, registry, history, asked };
  for (const log of await reader.logNames()) {
    const stream = logPlace(log)?.stream;
    const own = streams.find((each) => each.derivation.stream === stream);
    if (stream === derivation.stream) await foldLog(log, derivation, judged, WARM);
    else if (own === undefined || brought.has(own)) await readLog(log, judged);
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

interface Judged {
  readonly reader: CommitReader;
  readonly registry: Registry;
  readonly history: History;
  readonly asked: BacktestAsked;
}

async function rangeOf({ reader, asked }: Judged, log: string) {
  return { fromOffset: await reader.startOf(log), toOffset: asked.endOf?.(log) ?? (await reader.endOf(log)) };
}

/** A log of other partitions: transactions and labels that came in there. */
async function readLog(log: string, judged: Judged): Promise<void> {
  const { reader, registry, history, asked } = judged;
  for await (const { commit } of reader.commits(log, await rangeOf(judged, log))) {
    noteFacts(commit.sections, registry, history, asked);
  }
}

/** How the time before the range is gone through. */
interface Way {
  /** By the vectors that the journal has; else they are computed again. */
  readonly usesVectors: boolean;
  /** Only what may still be an open case when the range begins is judged. */
  readonly skipsJudging: boolean;
}

const WARM: Way = { usesVectors: true, skipsJudging: true };

async function foldLog(log: string, derivation: Derivation, judged: Judged, way: Way): Promise<void> {
  const { reader, registry, history, asked } = judged;
  const vectors = journaledVectors(featureKind);
  const kinds = way.usesVectors
    ? OPERATOR_KINDS.map((kind) => (kind === featureKind ? vectors.kind : kind))
    : OPERATOR_KINDS;
  const own = way.skipsJudging ? judgedLate(derivation, asked.fromMs) : derivation;
  const types = derivationTypes(own, kinds);
  for (const type of types.inputs) registry.add(type);
  const fold = createPartitionFold(own, types, logPlace(log)?.partition ?? 0, registry);
  let turnedAt = performance.now();
  for await (const { commit } of reader.commits(log, await rangeOf(judged, log))) {
    noteFacts(commit.sections, registry, history, asked);
    const { watermarkMs } = fold.partition.status();
    // What comes behind this is later than the range, or late. Labels may still come.
    if (watermarkMs >= asked.toMs) continue;
    noteAlerts(commit.sections, registry, history.live, asked);
    if (way.usesVectors && !vectors.show(commit.sections, registry.nameOf)) {
      return foldLog(log, derivation, judged, { ...way, usesVectors: false });
    }
    // A case may be open for as long as people put it off.
    if (way.skipsJudging && watermarkMs < asked.fromMs && hasCaseCommand(commit.sections, registry)) {
      return foldLog(log, derivation, judged, { ...way, skipsJudging: false });
    }
    const now = fold.partition.replay(commit, (steps) => deriveAll(fold, steps));
    noteAlerts(now, registry, history.other, asked);
    if (performance.now() - turnedAt < TURN_MS) continue;
    await new Promise(setImmediate);
    turnedAt = performance.now();
  }
}

/** A case that nobody acts on is over when neither a hit nor an action came for its quiet time. */
function judgedLate(derivation: Derivation, fromMs: number): Derivation {
  if (!Number.isFinite(fromMs)) return derivation;
  const operators = derivation.operators.map((operator) => {
    const { spec } = operator;
    if (operator.kind !== 'fraud' || !('caseQuietMs' in spec)) return operator;
    return { ...operator, spec: { ...spec, judgedFromMs: fromMs - Number(spec.caseQuietMs) } };
  });
  return { ...derivation, operators };
}

function hasCaseCommand(sections: readonly Section[], registry: Registry): boolean {
  return sections.some(
    ({ fingerprint, bytes }) =>
      registry.nameOf(fingerprint) === operatorMessageType.name &&
      registry
        .decodeAs(operatorMessageType, fingerprint, bytes)
        .some((message) => registry.nameOf(message.fingerprint) === caseCommandType.name),
  );
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
