/**
 * The process of a step's command. It stands between the service and the command, so that the command ends when the service
 * does, however that ends.
 */
import { spawn } from 'node:child_process';
import type { CommandEnd, CommandTask } from '../steps/step-process.ts';
import { CANCEL_MS, type FromStepProcess, type ToStepProcess } from './step-process-protocol.ts';

/** Of what it writes, for the steps that need this one. */
const STDOUT_BYTES_MAX = 32 * 1024;

/** The command and what it has started are a process group. */
let endGroup = (_: NodeJS.Signals): void => {};

function end(how: CommandEnd): void {
  const message: FromStepProcess<CommandEnd> = { kind: 'end', end: how };
  if (process.connected) process.send?.(message, () => process.exit());
  else process.exit();
}

function run({ command, args, directory, env }: CommandTask): void {
  const child = spawn(command, args, {
    cwd: directory,
    env,
    shell: false,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  endGroup = (signal) => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // It has ended.
    }
  };
  const written: Buffer[] = [];
  let bytes = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= STDOUT_BYTES_MAX) written.push(chunk);
  });
  child.stdout.pipe(process.stdout, { end: false });
  child.once('error', (error) => end({ kind: 'unusable', reason: `${command} can't be run: ${error.message}` }));
  child.once('close', (exitCode, killedBy) => {
    endGroup('SIGKILL');
    if (exitCode === null) end({ kind: 'died', reason: `${command} was ended by ${killedBy}` });
    else end({ kind: 'exited', exitCode, stdout: bytes > STDOUT_BYTES_MAX ? null : Buffer.concat(written).toString() });
  });
}

process.on('message', (message: ToStepProcess<CommandTask>) => {
  if (message.kind === 'run') run(message.task);
  else {
    endGroup('SIGTERM');
    setTimeout(() => {
      endGroup('SIGKILL');
      process.exit();
    }, CANCEL_MS);
  }
});
// The service is gone, and will run the attempt again.
process.on('disconnect', () => {
  endGroup('SIGKILL');
  process.exit();
});
