/**
 * The answer to a failed request: a code for programs, a sentence for people, and what to do next. Invariant: no error
 * leaves the server in another form, and none carries internals such as a stack.
 */
export interface Problem {
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 429 | 500 | 503;
  readonly error: string;
  readonly message: string;
  readonly hint: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Facts for programs beside the three sentences, such as the known streams. */
  readonly details?: Readonly<Record<string, Fact>>;
}

/** A JSON value. */
type Fact = string | number | boolean | readonly Fact[] | { readonly [name: string]: Fact };

export function problemResponse(problem: Problem): Response {
  const { status, error, message, hint, headers, details } = problem;
  return new Response(`${JSON.stringify({ error, message, hint, ...details })}\n`, {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...headers },
  });
}
