/**
 * Asks for /healthz at a steady pace, in a process of its own, and prints how long each answer took: counted from when the
 * question was due, so that a silent server does not hide behind questions that were never asked.
 *
 * A server that does nothing is asked as well: what it takes the machine would make anybody wait. For how long the service's
 * main thread had a core while the question waited is noted too, where Linux tells.
 */
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent, createServer, get } from 'node:http';
import { fileURLToPath } from 'node:url';

export interface ProbeResults {
  readonly asked: number;
  readonly failures: number;
  /** Ascending, as all of them. */
  readonly tookMs: readonly number[];
  /** For how long the main thread had a core meanwhile; no time where that is not told. */
  readonly workedMs: readonly number[];
  /** Of the server that does nothing. */
  readonly idleTookMs: readonly number[];
}

const EVERY_MS = 25;
const TIMEOUT_MS = 30_000;
const agent = new Agent({ keepAlive: true, maxSockets: 64 });

function ask(url: string, due: number, answered: () => void, failed: () => void): void {
  const request = get(url, { agent, timeout: TIMEOUT_MS }, (response) => {
    response.resume();
    response.once('end', response.statusCode === 200 ? answered : failed);
  });
  request.once('timeout', () => request.destroy(new Error('too slow')));
  request.once('error', (error: NodeJS.ErrnoException) => {
    // A connection that was idle may be closed while the question is on its way: it is asked again, and its time goes on.
    if (request.reusedSocket && error.code === 'ECONNRESET') ask(url, due, answered, failed);
    else failed();
  });
}

function workMs(pid: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return 0;
  }
}

function probe(url: string, pid: string, idleUrl: string, end: () => void): void {
  const tookMs: number[] = [];
  const workedMs: number[] = [];
  const idleTookMs: number[] = [];
  let failures = 0;
  let asked = 0;
  const startedAt = performance.now();
  const timer = setInterval(() => {
    for (; startedAt + asked * EVERY_MS <= performance.now(); asked += 1) {
      const due = startedAt + asked * EVERY_MS;
      const workedBefore = workMs(pid);
      const answered = (): void => {
        tookMs.push(performance.now() - due);
        workedMs.push(workMs(pid) - workedBefore);
      };
      ask(`${url}/healthz`, due, answered, () => {
        failures += 1;
      });
      const idle = (): void => void idleTookMs.push(performance.now() - due);
      ask(idleUrl, due, idle, () => {});
    }
  }, EVERY_MS / 2);
  process.on('SIGTERM', () => {
    clearInterval(timer);
    setTimeout(() => {
      for (const list of [tookMs, workedMs, idleTookMs]) list.sort((a, b) => a - b);
      const results: ProbeResults = { asked, failures, tookMs, workedMs, idleTookMs };
      process.stdout.write(`${JSON.stringify(results)}\n`, end);
    }, 1_000);
  });
}

const [url = '', pid = ''] = process.argv.slice(2);
if (url === 'idle') {
  const server = createServer((_, response) => response.end('{}'));
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    process.send?.(typeof address === 'object' ? address?.port : 0);
  });
} else if (url !== '') {
  const idle = fork(fileURLToPath(import.meta.url), ['idle']);
  idle.once('message', (port) => {
    probe(url, pid, `http://127.0.0.1:${port}/`, () => {
      idle.kill();
      process.exit(0);
    });
  });
}
