/** Exit codes of every command. */
export const EXIT = { ok: 0, failed: 1, usage: 2, checkFailed: 3, dependencyDown: 69, badConfig: 78 } as const;

/** The user's words can't be taken; the message names them. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** A broker, database or service that the command needs is not there. */
export class DependencyError extends Error {
  readonly isDown = true;

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'DependencyError';
  }
}
