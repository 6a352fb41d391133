/** A step's module in a process of its own: whatever it does ends the process, and nothing else. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LogLine, ModuleEnd, ModuleTask } from '../steps/step-process.ts';
import { taskFile, WORKER_EXEC_ARGV } from './pool.ts';
import { logLines } from './process-lines.ts';
import type { FromStepModule, ToStepModule } from './step-module-protocol.ts';

/** How long a module that is cancelled may take to put things in order. */
const CANCEL_MS = 500;

/** Rejects once the signal has aborted and the process has ended. */
export function runModule(task: ModuleTask, signal: AbortSignal, log: LogLine): Promise<ModuleEnd> {
  signal.throwIfAborted();
  const child = fork(fileURLToPath(taskFile('step-module-process')), [], {
    execArgv: [...WORKER_EXEC_ARGV],
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  logLines(child.stdout, 'info', log);
  logLines(child.stderr, 'warn', log);
  const say = (message: ToStepModule): void => {
    // A message that finds the process gone is answered by its end.
    if (child.connected) child.send(message, () => {});
  };
  return new Promise((resolve, reject) => {
    let end: ModuleEnd | null = null;
    let patience: NodeJS.Timeout | undefined;
    const cancel = (): void => {
      say({ kind: 'cancel' });
      patience = setTimeout(() => child.kill('SIGKILL'), CANCEL_MS);
    };
    signal.addEventListener('abort', cancel, { once: true });
    const finish = (why: string): void => {
      clearTimeout(patience);
      signal.removeEventListener('abort', cancel);
      if (signal.aborted) reject(signal.reason);
      else resolve(end ?? { kind: 'died', reason: why });
    };
    child.on('message', (message: FromStepModule) => {
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
