/** Why a request by fetch() got no answer: fetch itself says "fetch failed", and has the reason in `cause`. */
export function fetchCause(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.cause.name : error.message;
}
