/**
 * How long a restart keeps a client waiting: from the signal until the first batch that is on disk again, for a client that asks again
 * every 20 ms. Prints the parts, for docs/operate.md. The bound is of CPU time, which is the same on a busy machine.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { finish, millrace, spawnMillrace, startService, temporaryDirectory } from './millrace.ts';
import { clientOf, idsIn } from './payments-client.ts';

const CONFIG = ['--config', 'test/integration/backup.yaml'];
const PATIENCE_MS = 150_000;
const CPU_BOUND_SECONDS = 10;
/** USER_HZ of every Linux that Node runs on. */
const TICKS_A_SECOND = 100;
const AGAIN_MS = 20;

it.each(['SIGTERM', 'SIGKILL'] as const)(
  'after %s the next start takes events again, and each acknowledged one is there once',
  async (signal) => {
    const data = join(temporaryDirectory(), 'data');
    const first = await startService([...CONFIG, '--data', data]);
    const port = new URL(first.url).port;
    const client = clientOf(first.url, 1);
    while (client.acknowledged.size < 2_000) expect((await client.send()).status).toBe(200);

    const signalledMs = performance.now();
    const since = (): number => Math.round(performance.now() - signalledMs);
    first.child.kill(signal);
    await first.ended;
    const endedMs = since();
    const second = spawnMillrace(['start', '--port', port, ...CONFIG, '--data', data]);
    const secondEnded = finish(second);
    const untilOk = async (ask: () => Promise<Response>): Promise<number> => {
      for (;;) {
        const answer = await ask().catch(() => null);
        if (answer?.status === 200) return since();
        if (since() > PATIENCE_MS) throw new Error(`There is no answer ${since()} ms after ${signal}`);
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    };
    const [readyMs, durableMs] = await Promise.all([untilOk(client.ready), untilOk(client.send)]);
    const cpu = cpuSeconds(second.pid ?? 0);
    process.stdout.write(`${JSON.stringify({ signal, endedMs, readyMs, durableMs, cpuSeconds: cpu })}\n`);
    expect(cpu).toBeLessThan(CPU_BOUND_SECONDS);

    second.kill('SIGTERM');
    expect(await secondEnded).toMatchObject({ code: 0 });
    const ids = await idsIn(data);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...client.acknowledged].filter((id) => !ids.includes(id))).toEqual([]);
    const { stdout } = await millrace(['replay', ...CONFIG, '--data', data]);
    expect(stdout).toContain('each is what the journal has');
  },
);

/** Of the process alone, since it began. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // Behind the name, which may have spaces, the 14th and 15th field are utime and stime.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}
