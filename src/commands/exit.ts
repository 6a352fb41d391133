/** Exit codes of every command. */
export const EXIT = { ok: 0, failed: 1, usage: 2, checkFailed: 3, dependencyDown: 69, badConfig: 78 } as const;

/** The user's words can't be taken; the message says which. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** Something that the command can't do without is not there: a broker, a database, a service. */
export class DependencyError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'DependencyError';
  }
}
