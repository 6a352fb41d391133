/** Debian's Prometheus and Alertmanager, and a receiver of alerts, on loopback. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { ROOT, temporaryDirectory } from '../integration/millrace.ts';

const RULES = join(ROOT, 'deploy/prometheus/millrace.rules.yml');

const children: ChildProcess[] = [];
const closing: (() => void)[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  for (const close of closing) close();
});

export function promtool(
  words: readonly string[],
  input?: string,
): { readonly code: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync('promtool', words, {
    cwd: ROOT,
    encoding: 'utf8',
    ...(input === undefined ? {} : { input }),
  });
  return { code: status, output: stdout + stderr };
}

/** A server that answers every POST with a status, and keeps the bodies. */
export async function receiver(status: number): Promise<{ readonly url: string; readonly bodies: string[] }> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      bodies.push(Buffer.concat(parts).toString());
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return { url: `http://127.0.0.1:${portOf(server.address())}/`, bodies };
}

function portOf(address: string | AddressInfo | null): number {
  if (address === null || typeof address === 'string') throw new Error('The server has no port');
  return address.port;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = portOf(server.address());
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The rules as they are, but that nobody waits for minutes. */
function hastyRules(): string {
  return readFileSync(RULES, 'utf8').replace(/^( +for:).*$/gm, '$1 1s');
}

async function answers(url: string): Promise<void> {
  const until = Date.now() + 30_000;
  while (Date.now() < until) {
    const ok = await fetch(url).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} does not answer`);
}

/** Alertmanager that tells the receiver at once, and others of `more`, keys of a receiver. Returns its address. */
export async function startAlertmanager(receiverUrl: string, more = ''): Promise<string> {
  const directory = temporaryDirectory();
  const port = await freePort();
  const config = `route: { receiver: on-call, group_by: [alertname], group_wait: 1s, group_interval: 1s }
receivers:
  - name: on-call
    webhook_configs: [{ url: '${receiverUrl}', send_resolved: true }]
    ${more}
`;
  writeFileSync(join(directory, 'alertmanager.yml'), config);
  const words = [
    `--config.file=${join(directory, 'alertmanager.yml')}`,
    `--storage.path=${join(directory, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ];
  children.push(spawn('prometheus-alertmanager', words, { stdio: 'ignore' }));
  await answers(`http://127.0.0.1:${port}/-/ready`);
  return `127.0.0.1:${port}`;
}

export interface Prometheus {
  query(
    expression: string,
  ): Promise<readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[]>;
  /** The rules that it has, with what their last evaluation said. */
  rules(): Promise<readonly { readonly name: string; readonly health: string; readonly lastError?: string }[]>;
}

/** Prometheus that scrapes a service each second, with the shipped rules. */
export async function startPrometheus(target: string, alertmanager: string): Promise<Prometheus> {
  const directory = temporaryDirectory();
  const port = await freePort();
  writeFileSync(join(directory, 'millrace.rules.yml'), hastyRules());
  const config = `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [millrace.rules.yml]
alerting: { alertmanagers: [{ static_configs: [{ targets: ['${alertmanager}'] }] }] }
scrape_configs: [{ job_name: millrace, static_configs: [{ targets: ['${target}'] }] }]
`;
  writeFileSync(join(directory, 'prometheus.yml'), config);
  const words = [
    `--config.file=${join(directory, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(directory, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  children.push(spawn('prometheus', words, { stdio: 'ignore' }));
  const url = `http://127.0.0.1:${port}`;
  await answers(`${url}/-/ready`);
  const ask = async (path: string) => {
    const answer = JSON.parse(await (await fetch(`${url}/api/v1/${path}`)).text());
    if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`);
    return answer.data;
  };
  return {
    query: async (expression) => (await ask(`query?query=${encodeURIComponent(expression)}`)).result,
    rules: async () =>
      (await ask('rules')).groups.flatMap((group: { readonly rules: readonly object[] }) => group.rules),
  };
}
