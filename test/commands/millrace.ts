/** Runs the command line as a user does: a process of its own, of what the suite's setup has built. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function millrace(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MILLRACE')));
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['dist/main.js', ...words],
      { cwd: ROOT, env: { ...inherited, ...environment }, timeout: 25_000 },
      (_, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}
