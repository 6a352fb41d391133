/** What a user's code threw, with what it was called for. */
export class OperatorFailure extends Error {
  readonly operator: string;

  constructor(operator: string, calledFor: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`The operator ${operator} failed on ${calledFor}: ${why}`, { cause });
    this.operator = operator;
  }
}
