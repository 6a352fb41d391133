/** What a service says of its API: one is started with the pipeline of the demo, asked, and ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ApiDescription } from './api.ts';

const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));

export async function describedApi(): Promise<ApiDescription> {
  const data = mkdtempSync(join(tmpdir(), 'millrace-reference-'));
  const service = spawn(process.execPath, [MAIN, 'start', '--port', '0', '--data', data]);
  const ended = once(service, 'exit');
  try {
    const answer = await fetch(`${await addressOf(service)}/openapi.json`);
    const described: ApiDescription = JSON.parse(await answer.text());
    return described;
  } finally {
    service.kill('SIGKILL');
    await ended;
    rmSync(data, { recursive: true, force: true });
  }
}

async function addressOf({ stdout, stderr }: ChildProcess): Promise<string> {
  for (const output of [stdout, stderr]) {
    if (output === null) continue;
    for await (const line of createInterface({ input: output })) {
      const [address] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
      if (address !== undefined) return address;
    }
  }
  throw new Error('the service ended before it said where it listens');
}
