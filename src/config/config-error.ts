/** What is wrong with a configuration, each thing with its place, for people. */

/** One thing that is wrong, and where. */
export interface Problem {
  readonly file: string;
  readonly line: number | null;
  readonly column: number | null;
  /** Dotted path of the key. */
  readonly path: string;
  readonly message: string;
}

/** What was thrown, in words. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export class ConfigError extends Error {
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(problems.map(problemText).join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

function problemText({ file, line, column, path, message }: Problem): string {
  const where = line === null ? file : `${file}:${line}:${column ?? 1}`;
  return path === '' ? `${where}: ${message}` : `${where}: ${path}: ${message}`;
}
