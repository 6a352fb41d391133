/** Many fast uploads at once: no turn of the event loop reads much more than its share, and all are read to their end. */
import { createServer, type IncomingMessage } from 'node:http';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { createReadingTurns } from '../../src/http/reading-turns.ts';

const UPLOADS = 24;
const BYTES = 8 * 1024 * 1024;

/** In a thread of its own, so that the sockets are full while the server works on one of them. */
const CLIENT = `
const { request } = require('node:http');
const { workerData } = require('node:worker_threads');
for (let n = 0; n < ${UPLOADS}; n++) request(workerData, { method: 'POST', agent: false }).end(Buffer.alloc(${BYTES}));
`;

test('a turn reads its share of all bodies, and each comes to its end', async () => {
  const turns = createReadingTurns();
  let turnBytes = 0;
  let largestTurn = 0;
  let whole = 0;
  const read = (incoming: IncomingMessage): Promise<void> =>
    new Promise((resolve) => {
      let bytes = 0;
      incoming.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        turnBytes += chunk.length;
        turns.took(incoming, chunk.length);
      });
      incoming.once('end', () => {
        if (bytes === BYTES) whole += 1;
        resolve();
      });
    });
  const server = createServer((incoming, outgoing) => void read(incoming).then(() => outgoing.end()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const url = `http://127.0.0.1:${port}/`;
  let watching = true;
  const watch = (): void => {
    largestTurn = Math.max(largestTurn, turnBytes);
    turnBytes = 0;
    if (watching) setImmediate(watch);
  };
  watch();
  const client = new Worker(CLIENT, { eval: true, workerData: url });
  await expect.poll(() => whole, { timeout: 60_000 }).toBe(UPLOADS);
  watching = false;
  await client.terminate();
  server.close();
  // A share, and what each body that goes on gives before it pauses again.
  expect(largestTurn).toBeLessThan(6 * 1024 * 1024);
});
