/** Attempts in processes of their own: whatever one does ends its process, and nothing else. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CommandEnd, CommandTask, LogLine, ModuleEnd, ModuleTask } from '../steps/step-process.ts';
import { taskFile, WORKER_EXEC_ARGV } from './pool.ts';
import { logLines } from './process-lines.ts';
import type { FromStepProcess, ToStepProcess } from './step-process-protocol.ts';

/** The process ends by itself once what it runs has had its time; this is for one that does not. */
const PATIENCE_MS = 3_000;

interface Died {
  readonly kind: 'died';
  readonly reason: string;
}

export function runModule(task: ModuleTask, signal: AbortSignal, log: LogLine): Promise<ModuleEnd> {
  return run<ModuleTask, ModuleEnd>('step-module-process', task, signal, log);
}

export function runCommand(task: CommandTask, signal: AbortSignal, log: LogLine): Promise<CommandEnd> {
  return run<CommandTask, CommandEnd>('step-command-process', task, signal, log);
}

export function runOwn(args: readonly string[], signal: AbortSignal, log: LogLine): Promise<CommandEnd> {
  const main = fileURLToPath(new URL(`../main.${taskFile('').endsWith('.ts') ? 'ts' : 'js'}`, taskFile('')));
  const env = Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const task = { command: process.execPath, args: [...WORKER_EXEC_ARGV, main, ...args], directory: process.cwd(), env };
  return runCommand(task, signal, log);
}

async function run<Task, End>(file: string, task: Task, signal: AbortSignal, log: LogLine): Promise<End | Died> {
  signal.throwIfAborted();
  const child = fork(fileURLToPath(taskFile(file)), [], {
    execArgv: [...WORKER_EXEC_ARGV],
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  logLines(child.stdout, 'info', log);
  logLines(child.stderr, 'warn', log);
  const say = (message: ToStepProcess<Task>): void => {
    // A message that finds the process gone is answered by its end.
    if (child.connected) child.send(message, () => {});
  };
  return new Promise((resolve, reject) => {
    let end: End | null = null;
    let patience: NodeJS.Timeout | undefined;
    const cancel = (): void => {
      say({ kind: 'cancel' });
      patience = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
    };
    signal.addEventListener('abort', cancel, { once: true });
    const finish = (why: string): void => {
      clearTimeout(patience);
      signal.removeEventListener('abort', cancel);
      if (signal.aborted) reject(signal.reason);
      else resolve(end ?? { kind: 'died', reason: why });
    };
    child.on('message', (message: FromStepProcess<End>) => {
      if (message.kind === 'end') end ??= message.end;
      else log(message.level, message.text, message.fields);
    });
    child.once('error', (error) => finish(`Its process could not be started: ${error.message}`));
    // Once all that it wrote has been read.
    child.once('close', (code, killedBy) =>
      finish(
        killedBy === null
          ? `Its process ended (exit code ${code})`
          : `Its process was ended by ${killedBy}${killedBy === 'SIGKILL' ? ', as the system does when memory runs out' : ''}`,
      ),
    );
    say({ kind: 'run', task });
  });
}
