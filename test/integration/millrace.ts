/** Runs the built command line as a real process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const MAIN = join(ROOT, 'dist/main.js');

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What the tests of a file started and made: a test that fails leaves no process and no data behind. */
const children = new Set<ChildProcess>();
const directories: string[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  directories.push(directory);
  return directory;
}

export function spawnMillrace(words: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn(process.execPath, [MAIN, ...words], { cwd: ROOT, env: { ...process.env, ...env } });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** Resolves when the process has ended; kills it with SIGKILL after `killAfterMs`, when that is given. */
export function finish(child: ChildProcess, killAfterMs?: number): Promise<Finished> {
  return new Promise((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      stderr += chunk;
    });
    const timer = killAfterMs === undefined ? null : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (timer !== null) clearTimeout(timer);
      resolve({ code, signal, stdout, stderr });
    });
  });
}

export function millrace(words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  return finish(spawnMillrace(words, env));
}

/** Starts the service on a free port and waits for its URL. */
export async function startService(
  words: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ child: ChildProcess; url: string; ended: Promise<Finished> }> {
  const child = spawnMillrace(['start', '--port', '0', ...words], env);
  const ended = finish(child);
  const url = await new Promise<string>((resolve, reject) => {
    let output = '';
    const look = (chunk: Buffer): void => {
      output += chunk.toString();
      const found = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    ended.then(({ code, stderr }) => reject(new Error(`It ended with ${code} before it listened: ${stderr}`)), reject);
  });
  return { child, url, ended };
}

/** Lines of `millrace digest`. */
export async function digestOf(data: string): Promise<string[]> {
  const { stdout, stderr, code } = await millrace(['digest', '--data', data]);
  if (code !== 0) throw new Error(`digest ended with ${code}: ${stderr}`);
  return stdout.trim().split('\n');
}

/** Ids of all processes below this one. */
export function processesBelow(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number);
  return children.flatMap((child) => [child, ...processesBelow(child)]);
}
