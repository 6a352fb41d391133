/**
 * The process of a step's module. The module runs in a thread, so that this one can still end the process: when the module
 * takes more memory than it may, or when the service is gone.
 */
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { hasCode } from '../error-code.ts';
import type { ModuleEnd, ModuleTask } from '../steps/step-process.ts';
import { taskFile, WORKER_EXEC_ARGV } from './pool.ts';
import { CANCEL_MS, type FromStepProcess, type ToStepProcess } from './step-process-protocol.ts';

const MB = 1024 ** 2;
/** What Node itself takes, and code. */
const PROCESS_BYTES = 128 * MB;
const LOOK_EVERY_MS = 100;

let worker: Worker | null = null;

function say(message: FromStepProcess<ModuleEnd>): void {
  if (process.connected) process.send?.(message);
}

function end(how: ModuleEnd): void {
  if (process.connected)
    process.send?.({ kind: 'end', end: how } satisfies FromStepProcess<ModuleEnd>, () => process.exit());
  else process.exit();
}

function run(task: ModuleTask): void {
  const { memoryBytes } = task;
  const memory = `its memory of ${Math.round(memoryBytes / MB)} MB (\`memory:\` of the step)`;
  worker = new Worker(fileURLToPath(taskFile('step-module-thread')), {
    workerData: task,
    execArgv: [...WORKER_EXEC_ARGV],
    resourceLimits: { maxOldGenerationSizeMb: Math.ceil(memoryBytes / MB) },
  });
  worker.on('message', (message: FromStepProcess<ModuleEnd>) => {
    if (message.kind === 'end') end(message.end);
    else say(message);
  });
  worker.on('error', (error) => {
    const isMemory = hasCode(error, 'ERR_WORKER_OUT_OF_MEMORY');
    end(isMemory ? { kind: 'died', reason: `It took more than ${memory}` } : { kind: 'threw', reason: error.message });
  });
  worker.on('exit', (code) =>
    end({ kind: 'died', reason: `It ended (exit code ${code}) before its function returned` }),
  );
  // The bound of V8 is of its heap: buffers are outside of it.
  setInterval(() => {
    if (process.memoryUsage.rss() > memoryBytes + PROCESS_BYTES) {
      end({ kind: 'died', reason: `It took more than ${memory}` });
    }
  }, LOOK_EVERY_MS);
}

process.on('message', (message: ToStepProcess<ModuleTask>) => {
  if (message.kind === 'run') run(message.task);
  else {
    worker?.postMessage('cancel');
    setTimeout(() => process.exit(), CANCEL_MS);
  }
});
// The service is gone, and will run the attempt again.
process.on('disconnect', () => process.exit());
