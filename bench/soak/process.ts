/** A service as a process of its own, watched from outside: memory, descriptors and CPU of it and its children, by /proc. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = join(ROOT, 'dist/main.js');

export interface Watched {
  readonly url: string;
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
}

export function startWatched(
  config: string,
  data: string,
  port: number,
  environment: NodeJS.ProcessEnv,
  root = ROOT,
): Promise<Watched> {
  const words = [
    join(root, 'dist/main.js'),
    'start',
    '--config',
    config,
    '--data',
    data,
    '--port',
    String(port),
    '--quiet',
  ];
  const child = spawn(process.execPath, words, { env: { ...process.env, ...environment } });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return new Promise((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
      const url = /listening on (\S+?)\/? /.exec(said)?.[1];
      if (url !== undefined) resolve({ url, child, ended });
    });
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    void ended.then((code) => reject(new Error(`The service ended with ${code}: ${said.slice(-2_000)}`)));
  });
}

/** Runs a command of the same build to its end, and gives what it printed. */
export const millrace = (...words: readonly string[]): string =>
  execFileSync(process.execPath, [MAIN, ...words], { encoding: 'utf8', maxBuffer: 1 << 28 });

export interface Usage {
  readonly rssMiB: number;
  readonly descriptors: number;
  /** Of the main process, and of its children: seconds of CPU since they began. */
  readonly mainCpuSeconds: number;
  readonly childrenCpuSeconds: number;
}

/** USER_HZ of every Linux that Node runs on. */
const TICKS_A_SECOND = 100;
const PAGE_BYTES = 4096;

/** Null when the process has gone. */
export function usageOf(pid: number): Usage | null {
  try {
    const children = childrenOf(pid);
    const all = [pid, ...children];
    const sum = (of: (each: number) => number, pids = all): number => pids.reduce((total, each) => total + of(each), 0);
    return {
      rssMiB: (sum(residentPages) * PAGE_BYTES) / 1024 ** 2,
      descriptors: sum((each) => readdirSync(`/proc/${each}/fd`).length),
      mainCpuSeconds: cpuSeconds(pid),
      childrenCpuSeconds: sum(cpuSeconds, children),
    };
  } catch {
    return null;
  }
}

function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

const residentPages = (pid: number): number => Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);

function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // Behind the name, which may have spaces: state is the third field, utime the 14th, stime the 15th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}
