/** A client that sends payments over HTTP and keeps the ids of those that were acknowledged. */
import { millrace } from './millrace.ts';

const BATCH = 50;

export interface Client {
  readonly acknowledged: Set<number>;
  send(): Promise<Response>;
  ready(): Promise<Response>;
}

export function clientOf(url: string, firstId: number): Client {
  const acknowledged = new Set<number>();
  let nextId = firstId;
  return {
    acknowledged,
    async send() {
      const ids = Array.from({ length: BATCH }, () => nextId++);
      const lines = ids.map((transactionId) =>
        JSON.stringify({
          transactionId,
          customerId: transactionId,
          terminalId: 3,
          amountCents: 400,
          occurredAt: 1_522_540_800_000 + transactionId * 10,
        }),
      );
      const response = await fetch(`${url}/api/v1/streams/payments.transactions/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
        body: lines.join('\n'),
      });
      // Read to its end, so that the connection is there for the next request.
      const body = await response.arrayBuffer();
      if (response.status === 200) for (const id of ids) acknowledged.add(id);
      return new Response(body, { status: response.status, headers: response.headers });
    },
    ready: () => fetch(`${url}/readyz`),
  };
}

/** Ids of every transaction in the read model, once it has caught up. One row, since a query gives no more than 10,000. */
export async function idsIn(data: string): Promise<number[]> {
  const sql = "SELECT string_agg(transaction_id, ',') AS ids FROM transactions";
  const { stdout, stderr, code } = await millrace(['query', '--store', 'duckdb', sql, '--data', data, '--json']);
  if (code !== 0) throw new Error(`query ended with ${code}: ${stderr}`);
  const rows: { ids: string }[] = JSON.parse(stdout);
  return (rows[0]?.ids ?? '').split(',').map(Number);
}

/** Events that the operations store of a running service has got since it started. */
export async function projectedEvents(url: string): Promise<number> {
  const overview: { stages: { id: string; eventsTotal: number }[] } = JSON.parse(
    await (await fetch(`${url}/api/v1/overview`)).text(),
  );
  return overview.stages.find(({ id }) => id === 'sqlite')?.eventsTotal ?? 0;
}
