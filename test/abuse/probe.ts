/**
 * Asks for /healthz at a steady pace, in a process of its own, and prints how long each answer took: counted from when the
 * question was due, so that a silent server does not hide behind questions that were never asked.
 */
import { Agent, get } from 'node:http';

const EVERY_MS = 25;
const TIMEOUT_MS = 30_000;

const url = process.argv[2] ?? '';
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const tookMs: number[] = [];
let failures = 0;
let asked = 0;
const startedAt = performance.now();

function ask(due: number): void {
  const request = get(`${url}/healthz`, { agent, timeout: TIMEOUT_MS }, (response) => {
    response.resume();
    response.once('end', () => {
      if (response.statusCode === 200) tookMs.push(performance.now() - due);
      else failures += 1;
    });
  });
  request.once('timeout', () => request.destroy(new Error('too slow')));
  request.once('error', (error: NodeJS.ErrnoException) => {
    // A connection that was idle may be closed while the question is on its way: it is asked again, and its time goes on.
    if (request.reusedSocket && error.code === 'ECONNRESET') ask(due);
    else failures += 1;
  });
}

const timer = setInterval(() => {
  const now = performance.now();
  for (; startedAt + asked * EVERY_MS <= now; asked += 1) ask(startedAt + asked * EVERY_MS);
}, EVERY_MS / 2);

process.on('SIGTERM', () => {
  clearInterval(timer);
  setTimeout(() => {
    tookMs.sort((a, b) => a - b);
    process.stdout.write(`${JSON.stringify({ asked, failures, tookMs })}\n`, () => process.exit(0));
  }, 1_000);
});
