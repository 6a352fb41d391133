/** Errors of the operating system, such as ENOENT, and of Node, such as ERR_BUFFER_TOO_LARGE, told apart by their codes. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
