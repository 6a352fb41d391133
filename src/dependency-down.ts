/** Whether something that the work needs is not there: an error of a client, a package or the journal says so by `isDown`. */
export function isDependencyDown(error: unknown): error is Error {
  return error instanceof Error && 'isDown' in error && error.isDown === true;
}
