/** The result of a backtest: alerts gained and lost, and how good each side was. Pure. */
import type { AlertRaised, FraudLabel } from '../schemas.ts';

export interface Alerted {
  /** By id. */
  readonly alerts: Map<string, AlertRaised>;
  /** Of each transaction that a case has, the case. */
  readonly hits: Map<number, string>;
}

export interface History {
  /** Amounts in cents of the transactions of the range, by id. */
  readonly transactions: Map<number, number>;
  /** The latest label of each transaction that has one. */
  readonly frauds: Map<number, Pick<FraudLabel, 'fraud' | 'knownAt'>>;
  readonly live: Alerted;
  readonly other: Alerted;
}

export interface Quality {
  readonly alerts: number;
  /** Alerts whose case has a transaction that was fraud. */
  readonly rightAlerts: number;
  /** Null without an alert. */
  readonly precision: number | null;
  /** Transactions that a case has. */
  readonly hits: number;
  readonly caughtFrauds: number;
  /** Of all frauds of the range, those that a case has; null without a fraud. */
  readonly recall: number | null;
  readonly caughtCents: number;
  readonly missedCents: number;
}

export interface ListedAlert
  extends Pick<
    AlertRaised,
    'alertId' | 'customerId' | 'transactionId' | 'terminalId' | 'amountCents' | 'occurredAt' | 'score' | 'rules'
  > {
  readonly reasons: readonly string[];
  /** Whether a transaction of its case was fraud. */
  readonly fraud: boolean;
}

export interface BacktestResult {
  readonly from: number | null;
  readonly to: number | null;
  readonly transactions: number;
  readonly frauds: number;
  readonly fraudCents: number;
  readonly live: Quality;
  readonly candidate: Quality;
  readonly gained: readonly ListedAlert[];
  readonly lost: readonly ListedAlert[];
  readonly seconds: number;
}

export function newAlerted(): Alerted {
  return { alerts: new Map(), hits: new Map() };
}

/** An infinite end of the range is null. */
export function compared(
  history: History,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Omit<BacktestResult, 'seconds'> {
  const { transactions, live, other } = history;
  const isFraud = (id: number): boolean => history.frauds.get(id)?.fraud === true;
  const frauds = [...transactions].filter(([id]) => isFraud(id));
  const side = (alerted: Alerted) => {
    const right = new Set([...alerted.hits].filter(([id]) => isFraud(id)).map(([, caseId]) => caseId));
    const caught = frauds.filter(([id]) => alerted.hits.has(id));
    const rightAlerts = [...alerted.alerts.values()].filter(({ caseId }) => right.has(caseId)).length;
    const caughtCents = centsOf(caught);
    const quality: Quality = {
      alerts: alerted.alerts.size,
      rightAlerts,
      precision: alerted.alerts.size === 0 ? null : rightAlerts / alerted.alerts.size,
      hits: alerted.hits.size,
      caughtFrauds: caught.length,
      recall: frauds.length === 0 ? null : caught.length / frauds.length,
      caughtCents,
      missedCents: centsOf(frauds) - caughtCents,
    };
    const without = (than: Alerted): ListedAlert[] =>
      [...alerted.alerts.values()]
        .filter(({ alertId }) => !than.alerts.has(alertId))
        .map((alert) => listed(alert, right.has(alert.caseId)))
        .sort((a, b) => a.occurredAt - b.occurredAt || a.transactionId - b.transactionId);
    return { quality, without };
  };
  const [before, after] = [side(live), side(other)];
  return {
    from: Number.isFinite(fromMs) ? fromMs : null,
    to: Number.isFinite(toMs) ? toMs : null,
    transactions: transactions.size,
    frauds: frauds.length,
    fraudCents: centsOf(frauds),
    live: before.quality,
    candidate: after.quality,
    gained: after.without(live),
    lost: before.without(other),
  };
}

function centsOf(transactions: readonly (readonly [number, number])[]): number {
  return transactions.reduce((sum, [, cents]) => sum + cents, 0);
}

function listed(alert: AlertRaised, fraud: boolean): ListedAlert {
  const { alertId, customerId, transactionId, terminalId, amountCents, occurredAt, score, rules, reasons } = alert;
  const of = { alertId, customerId, transactionId, terminalId, amountCents, occurredAt, score, rules };
  return { ...of, reasons: reasons.map(({ text }) => text), fraud };
}
