/** The body of a request to the desk: JSON, which says who asks. */
import { type Problem, problemResponse } from '../../http/problem.ts';
import type { RouteContext } from '../../http/route.ts';
import { isMap } from '../../messages/json-map.ts';
import { wordsProblem } from './actions.ts';

const BODY_MAX = 64 * 1024;
type Body = Readonly<Record<string, unknown>>;

export interface Asked {
  readonly body: Body;
  readonly by: string;
  readonly note: string;
}

/** Reads the body, and who asks: each of them says it, but for what changes nothing. */
export async function answered(
  c: RouteContext,
  answer: (asked: Asked) => Promise<Response>,
  isChange = true,
): Promise<Response> {
  const length = Number(c.req.header('content-length') ?? Number.NaN);
  if (!(length <= BODY_MAX)) return problemResponse(badBody(`a body has at most ${BODY_MAX / 1024} KiB, and says so`));
  let body: unknown;
  try {
    body = JSON.parse(await c.req.text());
  } catch {
    return problemResponse(badBody('it is no JSON'));
  }
  if (!isMap(body)) return problemResponse(badBody('it is no object'));
  const by = textOf(body.by) ?? '';
  const note = textOf(body.note) ?? '';
  const wrong = isChange ? wordsProblem(by, note) : null;
  return wrong === null ? answer({ body, by, note }) : problemResponse(badBody(wrong));
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function badBody(what: string): Problem {
  return {
    status: 400,
    error: 'bad-body',
    message: `The body can't be taken: ${what}.`,
    hint: 'Send JSON such as {"action": "acknowledge", "by": "anna"}; /openapi.json has the form.',
  };
}
