/** A client that hands in payments by HTTP, each request under a key, again and again until it is answered. */
export interface Client {
  /** Numbers of the transactions that were acknowledged. */
  readonly acknowledged: { count: number };
  /** From the first attempt to the answer, in milliseconds. */
  readonly latenciesMs: number[];
  /** Resolves once the batch is on disk; rejects only when the patience is over. */
  send(events: number, now: number): Promise<void>;
}

const CUSTOMERS = 5_000;
const RETRY_MS = 200;
const PATIENCE_MS = 120_000;

/** `broken`: every so many requests one line is none. `url` is asked anew, since a service that restarts is another. */
export function createClient(url: () => string, broken = 0): Client {
  const acknowledged = { count: 0 };
  const latenciesMs: number[] = [];
  let next = 0;
  let requests = 0;
  return {
    acknowledged,
    latenciesMs,
    async send(events, now) {
      requests += 1;
      const lines: string[] = [];
      for (let i = 0; i < events; i++) {
        next += 1;
        const customerId = (next * 7919) % CUSTOMERS;
        const amountCents = 100 + ((next * 31) % 9_000);
        lines.push(
          JSON.stringify({ transactionId: next, customerId, terminalId: next % 300, amountCents, occurredAt: now }),
        );
      }
      if (broken > 0 && requests % broken === 0) lines.push('{"broken');
      const headers = { 'content-type': 'application/x-ndjson', 'idempotency-key': `"soak-${requests}"` };
      const startMs = performance.now();
      for (;;) {
        const status = await post(`${url()}/api/v1/streams/payments.transactions/events`, headers, lines.join('\n'));
        if (status === 200) break;
        if (performance.now() - startMs > PATIENCE_MS)
          throw new Error(`A request was answered ${status} for two minutes`);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
      latenciesMs.push(performance.now() - startMs);
      acknowledged.count += events;
    },
  };
}

async function post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<number> {
  try {
    const answer = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(30_000) });
    await answer.arrayBuffer();
    return answer.status;
  } catch {
    return 0;
  }
}
