/** A data directory of a version without positions of sinks: what had its outcome then has it still. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { alertRaisedType, transactionType } from '../../src/fraud/types.ts';
import { alertDeliveryType } from '../../src/messages/types.ts';
import { foldEvents } from '../../src/service/journal-events.ts';
import { nodePlatform } from '../../src/service/platform.ts';
import { sinkChildren } from '../../src/service/sinks.ts';
import { type Service, startService } from '../../src/service.ts';
import { temporaryDirectory } from './script-run.ts';

const FIXTURE = new URL('../fixtures/data-399f744/', import.meta.url).pathname;

/** The fixture's one sink, `log`, as a webhook that takes so many alerts. */
async function start(
  dataDir: string,
  name: string,
  keys: string[],
  takes = Number.POSITIVE_INFINITY,
): Promise<Service> {
  const config: Config = {
    ...loadConfig(join(FIXTURE, 'demo.yaml'), {}),
    dataDir,
    jobs: [],
    sinks: [
      {
        kind: 'webhook',
        name,
        from: ['alerts'],
        startFrom: null,
        holdJournalMs: null,
        url: 'http://hook/',
        timeoutMs: 5000,
        batch: { events: 1, bytes: 1024 },
        giveUpAfterMs: Number.MAX_SAFE_INTEGER,
      },
    ],
  };
  const take: typeof fetch = async (_, init) => {
    if (keys.length >= takes) return new Response(null, { status: 503 });
    keys.push(new Headers(init?.headers).get('idempotency-key') ?? '');
    return new Response(null, { status: 204 });
  };
  const platform = { ...nodePlatform, http: { ...nodePlatform.http, fetch: take } };
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const service = await startService({ config, logger, version: '', attach: sinkChildren, platform });
  await service.ready;
  return service;
}

async function alertsIn({ pipeline }: Service): Promise<string[]> {
  const raised: string[] = [];
  for (const stream of pipeline.streams.values()) {
    await foldEvents(pipeline, stream, alertRaisedType, ({ alertId }) => void raised.push(alertId));
  }
  return raised.sort();
}

/** Payments that are too large, each of another card. */
async function raise({ pipeline, settled }: Service, count: number): Promise<void> {
  const stream = pipeline.streams.get('payments.transactions');
  const now = 1_600_000_000_000;
  const events = Array.from({ length: count }, (_, i) => {
    return { transactionId: 10 ** 6 + i, customerId: 10 ** 6 + i, terminalId: 1, amountCents: 99_000, occurredAt: now };
  });
  await new Promise<void>((resolve, reject) => {
    const blocks = [transactionType.encodeBlock(events)];
    const batch = { source: 'test', next: null, blocks, onDurable: () => resolve(), onRejected: reject };
    stream?.intake.deliver(0, batch).catch(reject);
  });
  await settled();
}

const soon = (read: () => unknown) => expect.poll(read, { timeout: 20_000 });

test('a sink gets no alert that an earlier version delivered to it, and a new one gets it', async () => {
  const data = join(temporaryDirectory(), 'data');
  cpSync(join(FIXTURE, 'demo'), data, { recursive: true });
  const keys: string[] = [];
  const service = await start(data, 'log', keys);
  onTestFinished(() => service.stop());
  const [old = ''] = await alertsIn(service);
  await raise(service, 1);
  const raised = await alertsIn(service);
  expect(raised).toHaveLength(2);
  await soon(() => keys).toEqual(raised.filter((id) => id !== old));
  await service.stop();
  const all: string[] = [];
  const other = await start(data, 'other', all);
  onTestFinished(() => other.stop());
  await soon(() => [...all].sort()).toEqual(raised);
});

test('where positions are lost, the outcomes alone say what is left, and what was asked for again', async () => {
  const data = join(temporaryDirectory(), 'data');
  const first: string[] = [];
  const service = await start(data, 'log', first, 3);
  onTestFinished(() => service.stop());
  await raise(service, 8);
  const raised = await alertsIn(service);
  expect(raised).toHaveLength(8);
  await soon(() => first.length).toBe(3);
  // As an earlier version asked for it: without the place of the alert.
  const again = { alertId: first[1] ?? '', sink: 'log', outcome: 'requeued', attempts: 0, error: null } as const;
  await service.operations.write(0, [alertDeliveryType.encodeBlock([{ ...again, changedAt: Date.now() }])]);
  await service.stop();
  rmSync(join(data, 'journal', 'millrace.sinks-0'), { recursive: true });
  const second: string[] = [];
  const next = await start(data, 'log', second);
  onTestFinished(() => next.stop());
  const expected = raised.filter((id) => !first.includes(id) || id === first[1]);
  await soon(() => [...second].sort()).toEqual(expected);
  await next.stop();
  const third: string[] = [];
  const last = await start(data, 'log', third);
  onTestFinished(() => last.stop());
  await soon(() => last.observer.overview().stages.find(({ kind }) => kind === 'sink')?.lag).toBe(0);
  expect(third).toEqual([]);
});
