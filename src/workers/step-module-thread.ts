/** The thread that a step's module runs in: its function is called once, and what becomes of it is said. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';
import { parentPort, workerData } from 'node:worker_threads';
import { hasCode } from '../error-code.ts';
import type { LogLevel } from '../steps/step.ts';
import type { ModuleEnd, ModuleTask } from '../steps/step-process.ts';
import type { FromStepProcess } from './step-process-protocol.ts';

const task: ModuleTask = workerData;
const cancelled = new AbortController();
parentPort?.once('message', () => cancelled.abort(new Error('The attempt is out of time or cancelled')));
// A module that waits for nothing any more has ended.
parentPort?.unref();

function say(message: FromStepProcess<ModuleEnd>): void {
  parentPort?.postMessage(message);
}

function logAt(level: LogLevel) {
  return (text: string, fields: Readonly<Record<string, unknown>> = {}): void =>
    say({ kind: 'log', level, text: String(text), fields: JSON.parse(JSON.stringify(fields)) });
}

const log = { debug: logAt('debug'), info: logAt('info'), warn: logAt('warn'), error: logAt('error') };
for (const [name, write] of Object.entries({ ...log, log: log.info })) {
  Reflect.set(console, name, (...args: readonly unknown[]) => write(format(...args)));
}

/** Where in the module it was, by the stack; a path in it is a URL or none. */
function placeIn({ stack = '' }: Error): string {
  for (const path of [task.module, pathToFileURL(task.module).href]) {
    const at = stack.indexOf(`${path}:`);
    if (at >= 0) return `${task.module}${/^(:\d+)(:\d+)?/.exec(stack.slice(at + path.length))?.[0] ?? ''}: `;
  }
  return '';
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? `${placeIn(error)}${error.message}` : String(error);
}

/** As operators of users are loaded. */
function exported(): unknown {
  const module: unknown = createRequire(task.module)(task.module);
  return typeof module === 'object' && module !== null && 'default' in module ? module.default : module;
}

async function run(): Promise<ModuleEnd> {
  let call: unknown;
  try {
    call = exported();
  } catch (error) {
    const waits = hasCode(error, 'ERR_REQUIRE_ASYNC_MODULE');
    const reason = waits ? 'it waits at its top level (await); wait in its function' : reasonOf(error);
    return { kind: 'unusable', reason: `${task.module} can't be imported: ${reason}` };
  }
  if (typeof call !== 'function') {
    const reason = `${task.module} has no function as its default export: export default async (context) => { … }`;
    return { kind: 'unusable', reason };
  }
  let returned: unknown;
  try {
    returned = await call({ ...task.call, log, signal: cancelled.signal });
  } catch (error) {
    return { kind: 'threw', reason: reasonOf(error) };
  }
  try {
    return { kind: 'returned', json: JSON.stringify(returned) ?? null };
  } catch (error) {
    return { kind: 'unusable', reason: `What it returned can't be written as JSON: ${reasonOf(error)}` };
  }
}

process.on('unhandledRejection', (error) => say({ kind: 'end', end: { kind: 'threw', reason: reasonOf(error) } }));
say({ kind: 'end', end: await run() });
