/**
 * How long a restart keeps a client waiting: from the signal until the first batch that is on disk again, for a client that asks again
 * every 20 ms. Prints the parts, for docs/operate.md; the bound is for busy machines.
 */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { finish, millrace, spawnMillrace, startService, temporaryDirectory } from './millrace.ts';
import { clientOf, idsIn } from './payments-client.ts';

const CONFIG = ['--config', 'test/integration/backup.yaml'];
const BOUND_MS = 60_000;
const AGAIN_MS = 20;

it.each(['SIGTERM', 'SIGKILL'] as const)(
  'after %s the next start takes events again, and each acknowledged one is there once',
  async (signal) => {
    const data = join(temporaryDirectory(), 'data');
    const first = await startService([...CONFIG, '--data', data]);
    const port = new URL(first.url).port;
    const client = clientOf(first.url, 1);
    while (client.acknowledged.size < 5_000) expect((await client.send()).status).toBe(200);

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
        if (since() > BOUND_MS) throw new Error(`There is no answer ${since()} ms after ${signal}`);
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    };
    const [readyMs, durableMs] = await Promise.all([untilOk(client.ready), untilOk(client.send)]);
    process.stdout.write(`${JSON.stringify({ signal, endedMs, readyMs, durableMs })}\n`);
    expect(durableMs).toBeLessThan(BOUND_MS);

    second.kill('SIGTERM');
    expect(await secondEnded).toMatchObject({ code: 0 });
    const ids = await idsIn(data);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...client.acknowledged].filter((id) => !ids.includes(id))).toEqual([]);
    const { stdout } = await millrace(['replay', ...CONFIG, '--data', data]);
    expect(stdout).toContain('each is what the journal has');
  },
);
