/** The alerters, one a sink, fed from commits as they become durable; and how one finds again what it had not delivered. */
import type { PendingAlert } from '../actors/alert-queue.ts';
import { type AlerterEvent, alerterMachine } from '../actors/alerter.ts';
import { DEFAULT_DELIVERY_POLICY, type DeliveryPolicy } from '../actors/delivery-policy.ts';
import { startSupervised } from '../actors/supervised.ts';
import type { ChildSpec } from '../actors/supervisor.ts';
import type { SinkConfig } from '../config/sections/sinks.ts';
import type { AlertRaised } from '../messages/payments.ts';
import { alertDeliveryType } from '../messages/types.ts';
import { undeliveredAlertsSql } from '../projections/read-models.ts';
import type { Row } from '../projections/store.ts';
import type { ServiceCore } from '../service.ts';
import { logSink } from '../sinks/log.ts';
import type { AlertSink } from '../sinks/sink.ts';
import { webhookSink } from '../sinks/webhook.ts';

/** Alerts that one look at the read model brings at most; the rest comes with the next look. */
const CATCH_UP_ALERTS = 1000;
const POLL_MS = 100;

export function alerterChildren(core: ServiceCore): ChildSpec[] {
  return core.config.sinks.map((config) => alerterChild(core, sinkOf(config, core), policyOf(config)));
}

function policyOf(config: SinkConfig): DeliveryPolicy {
  if (config.kind === 'log') return DEFAULT_DELIVERY_POLICY;
  return { ...DEFAULT_DELIVERY_POLICY, giveUpAfterMs: config.giveUpAfterMs };
}

function sinkOf(config: SinkConfig, { logger, platform }: ServiceCore): AlertSink {
  if (config.kind === 'log') return logSink({ name: config.name, write: (line) => logger.info({ alert: true }, line) });
  return webhookSink({ name: config.name, url: config.url, deadlineMs: config.timeoutMs, http: platform.http });
}

function alerterChild(core: ServiceCore, sink: AlertSink, policy: DeliveryPolicy): ChildSpec {
  const { operations, observer, supervision } = core;
  /** Outlives a restart: what is on its way to the log has its outcome, though the read model does not show it yet. */
  let recording: Promise<void> = Promise.resolve();
  return {
    id: `alerter-${sink.name}`,
    kind: 'alerter',
    start(context) {
      /** Handed over and without an outcome: what a second look must not bring again. */
      const pending = new Set<string>();
      /** Got their outcome while a look was under way, which may not show it: they leave `pending` after it. */
      let settled: string[] | null = null;
      let paused = false;
      let missed = false;
      const hand = (alerts: readonly PendingAlert[]): void => {
        const fresh = alerts.filter(({ alert }) => !pending.has(alert.alertId));
        for (const { alert } of fresh) pending.add(alert.alertId);
        paused = true;
        // Outcomes are journaled one by one, and a look at them tells what is left: no position is kept.
        const event: AlerterEvent = { type: 'ALERTS', alerts: fresh, upTo: null, taken };
        actor.send(event);
      };
      const taken = (): void => {
        paused = false;
        if (!missed || settled !== null) return;
        missed = false;
        const settledMeanwhile: string[] = [];
        settled = settledMeanwhile;
        undelivered(core, sink.name, context.signal).then(
          (alerts) => {
            missed ||= alerts.length === CATCH_UP_ALERTS;
            settled = null;
            hand(alerts);
            for (const alertId of settledMeanwhile) pending.delete(alertId);
          },
          (error: Error) => context.failed(error),
        );
      };
      const unsubscribeAlerts = observer.onAlerts((alerts, raisedAtMs) => {
        if (paused) missed = true;
        else hand(alerts.map((alert) => ({ alert, raisedAtMs })));
      });
      const unsubscribeRequeued = observer.onRequeued(sink.name, () => {
        missed = true;
        if (!paused) taken();
      });
      const unsubscribe = (): void => {
        unsubscribeAlerts();
        unsubscribeRequeued();
      };
      const actor = startSupervised(
        alerterMachine,
        {
          policy,
          ports: {
            sink,
            async undelivered() {
              await recording.catch(() => {});
              const alerts = await undelivered(core, sink.name, context.signal);
              for (const { alert } of alerts) pending.add(alert.alertId);
              if (alerts.length === CATCH_UP_ALERTS) {
                // There is more: an empty hand-over asks to be told when there is room for it.
                missed = true;
                core.platform.later(() => hand([]));
              }
              return alerts;
            },
            async record(delivery) {
              recording = operations.write(0, [alertDeliveryType.encodeBlock([delivery])]);
              await recording;
              if (settled === null) pending.delete(delivery.alertId);
              else settled.push(delivery.alertId);
              observer.delivered(sink.name);
            },
            savePosition: async () => {},
            nowMs: supervision.nowMs,
            random: supervision.random,
          },
        },
        {
          ...context,
          failed(error) {
            unsubscribe();
            context.failed(error);
          },
          stopped() {
            unsubscribe();
            context.stopped();
          },
        },
      );
      return actor.child;
    },
  };
}

/** Asks the read model, once it has got everything that is durable now. */
async function undelivered(
  { pipeline, readModels, platform }: ServiceCore,
  sink: string,
  signal: AbortSignal | undefined,
): Promise<PendingAlert[]> {
  const marks = pipeline.units.map(({ log }) => ({ log: log.name, offset: log.durableOffset() }));
  while (!readModels.hasReached(marks)) {
    if (signal?.aborted === true) throw new Error('The alerter was stopped before the read models had caught up');
    await platform.sleep(POLL_MS, signal);
  }
  const sql = undeliveredAlertsSql(sink, CATCH_UP_ALERTS);
  return (await readModels.stores.of('sqlite').read({ kind: 'query', sql })).map((row) => ({
    alert: alertOf(row),
    raisedAtMs: Number(row.raised_at),
  }));
}

function alertOf(row: Row): AlertRaised {
  const number = (column: string): number => Number(row[column]);
  const severity = row.severity === 'high' || row.severity === 'medium' ? row.severity : 'low';
  return {
    alertId: String(row.alert_id),
    caseId: String(row.case_id),
    customerId: number('customer_id'),
    transactionId: number('transaction_id'),
    terminalId: number('terminal_id'),
    amountCents: number('amount_cents'),
    occurredAt: number('occurred_at'),
    score: number('score'),
    model: String(row.model),
    severity,
    reasons: JSON.parse(String(row.reasons)),
    sessionStart: number('session_start'),
    sessionCount: number('session_count'),
  };
}
