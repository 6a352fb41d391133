/** Streams whose topic is divided by something else than their key: results are those of any other division. */
import { beforeAll, expect, it } from 'vitest';
import { place, type Running, results, start } from './service.ts';
import { type Cluster, cluster, messagesOf, type Payment, payments } from './topics.ts';

const RECORDS = 8000;
/** Behind all of them, one for each partition: so the last windows close everywhere. */
const AFTER_MS = 24 * 60 * 60 * 1000;
let kafka: Cluster;
beforeAll(async () => {
  kafka = await cluster();
});

const closing = payments(RECORDS, RECORDS + 4).map((payment, partition): Payment => {
  return { ...payment, customerId: 1000 + partition, occurredAt: payment.occurredAt - 100 * partition + AFTER_MS };
});

/** A topic of so many partitions, divided by `of`; in two halves, with whatever happens between them. */
async function divided(name: string, partitions: number, of: (payment: Payment) => number, between: 'kill' | null) {
  const topic = await kafka.topic(name, partitions);
  const at = place({ source: `{ topic: ${topic}, value: json, repartition: true, sessionTimeout: 2s }`, partitions });
  const send = (all: readonly Payment[]): Promise<void> =>
    kafka.produce(
      topic,
      messagesOf(all, 1).map((message, i) => ({ ...message, partition: of(all[i]!) % partitions })),
    );
  await send(payments(0, RECORDS / 2));
  let service = await start(at);
  if (between === 'kill') {
    await service.hasRead(1000);
    await service.kill();
    service = await start(at);
  }
  await send(payments(RECORDS / 2, RECORDS));
  // What closes the windows goes to each partition, whatever the others are divided by.
  await kafka.produce(
    topic,
    messagesOf(closing, 1).map((message, i) => ({ ...message, partition: i % partitions })),
  );
  await service.hasRead(RECORDS + closing.length);
  await hasClosed(service);
  expect((await service.stop()).code).toBe(0);
  return results(at.data);
}

it('a stream with `repartition` has the results of its own key, however its producer divided it and whatever is killed', async () => {
  const byCustomer = await divided('by-customer', 4, ({ customerId }) => customerId, null);
  expect(byCustomer).toMatchObject([{ rows: RECORDS + 4 }, {}, {}]);
  const byTerminal = await divided('by-terminal', 4, ({ terminalId }) => terminalId, 'kill');
  expect(byTerminal).toEqual(byCustomer);
  const byTurns = await divided('by-turns', 4, ({ transactionId }) => transactionId, 'kill');
  expect(byTurns).toEqual(byCustomer);
  const one = await divided('one', 1, () => 0, 'kill');
  expect(one).toEqual(byCustomer);
});

/** The watermark of each partition has come to the last payment: all windows before it are closed. */
async function hasClosed({ url }: Running): Promise<void> {
  const deadlineMs = performance.now() + 60_000;
  for (let delays = ['0']; delays.some((seconds) => Number(seconds) !== 5.001); ) {
    if (performance.now() > deadlineMs) throw new Error(`Watermarks are ${delays} seconds behind`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const text = await (await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).text();
    delays = [...text.matchAll(/watermark_delay_seconds\{[^}]*\} (\S+)/g)].map(([, seconds = '']) => seconds);
  }
}
