/** An attempt that is a command of this program in a process of its own, such as `millrace backup`, so that the service goes on beside it. */
import { resolve as absolute } from 'node:path';
import type { StepHost } from './adapter.ts';
import type { StepContext, StepOutcome } from './step.ts';

/** The words could not be taken: another attempt would end in the same way. */
const USAGE = 2;
const CHECK_FAILED = 3;

export interface Said {
  /** False when what it checks does not hold. */
  readonly holds: boolean;
  readonly said: Readonly<Record<string, unknown>>;
}

/** What the command has said as JSON, about the service's own data directory; else how the attempt ends. */
export async function ownCommand(
  args: readonly string[],
  { processes, dataDir }: StepHost,
  context: StepContext,
  signal: AbortSignal,
): Promise<Said | StepOutcome> {
  let complaint = '';
  const log: StepContext['log'] = (level, line, fields) => {
    if (level === 'warn') complaint = line;
    context.log(level, line, fields);
  };
  const end = await processes.runOwn([...args, '--data', absolute(dataDir), '--json'], signal, log);
  if (end.kind !== 'exited') return { kind: 'retryable', reason: end.reason, waitMs: null };
  const { exitCode, stdout } = end;
  // What is longer than an output may be is in the attempt's log alone.
  if (exitCode === 0 || exitCode === CHECK_FAILED)
    return { holds: exitCode === 0, said: stdout === null ? {} : JSON.parse(stdout) };
  const reason = complaint === '' ? `it ended with exit code ${exitCode}` : complaint.replace(/^millrace: /, '');
  return exitCode === USAGE ? { kind: 'permanent', reason } : { kind: 'retryable', reason, waitMs: null };
}

/** Ends the step: what it found will be there at another attempt too. */
export function doesNotHold(what: string, findings: unknown): StepOutcome {
  const found = Array.isArray(findings) ? findings.map(textOf) : [];
  return { kind: 'permanent', reason: [what, ...found].join('; ') };
}

function textOf(finding: unknown): string {
  return typeof finding === 'string' ? finding : JSON.stringify(finding);
}
