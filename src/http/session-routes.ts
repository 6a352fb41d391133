/** Logging in by a token, asking who is logged in, and logging out: docs/http.md. */
import { TLSSocket } from 'node:tls';
import { type AccessPolicy, type Caller, credentialOfToken, hasRunOut, roleOf, tokenExpired } from './access.ts';
import { jsonBody } from './json-body.ts';
import { json, problem } from './operations.ts';
import { type Problem, problemResponse } from './problem.ts';
import { type Route, type RouteContext, uncached } from './route.ts';
import { type Sessions, sessionCookie, sessionIdIn } from './sessions.ts';

export interface SessionRoutesOptions {
  readonly policy: AccessPolicy;
  readonly sessions: Sessions;
  callerOf(c: RouteContext): Caller;
  readonly nowMs: () => number;
  /** Who logged in or out, for the log of commands. */
  noted(by: string, c: RouteContext, status: number): void;
}

const BODY_BYTES_MAX = 4_096;
const PATH = '/api/v1/session';

export function sessionRoutes({ policy, sessions, callerOf, nowMs, noted }: SessionRoutesOptions): readonly Route[] {
  const shown = (caller: Caller) => ({
    name: caller.credential?.name ?? null,
    role: roleOf(caller, policy),
    expiresAt: caller.session?.expiresAtMs ?? null,
    csrf: caller.session?.csrf ?? null,
  });
  const refuse = (c: RouteContext, refused: Problem) => {
    noted('nobody', c, refused.status);
    return problemResponse(refused);
  };
  return [
    {
      method: 'GET',
      path: PATH,
      role: 'anyone',
      operation: {
        summary: 'Who asks: name and role; of a session, when it ends and the X-CSRF-Token of its commands',
        responses: { 200: json('Who asks') },
      },
      answer: (c) => uncached(c, shown(callerOf(c))),
    },
    {
      method: 'POST',
      path: PATH,
      role: 'anyone',
      operation: {
        summary: 'Logs in: {"token": …} gives the cookie of a session',
        requestBody: { content: { 'application/json': { schema: { type: 'object', required: ['token'] } } } },
        responses: {
          200: json('Who has logged in'),
          401: problem('No such token'),
          409: problem('There are no tokens'),
        },
      },
      async answer(c) {
        if (!sessions.isOn) return problemResponse(NO_TOKENS);
        const token = await tokenIn(c);
        if (token === null) return problemResponse(BAD_BODY);
        const credential = credentialOfToken(token, policy);
        if (credential === undefined) return refuse(c, WRONG_TOKEN);
        if (hasRunOut(credential, nowMs())) return refuse(c, { ...tokenExpired(credential), headers: {} });
        sessions.close(idOf(c));
        const { id, session } = sessions.open(credential);
        noted(credential.name ?? 'nobody', c, 200);
        c.header('set-cookie', sessionCookie(id, portOf(c), session.expiresAtMs - nowMs(), isEncrypted(c)));
        return uncached(c, shown({ credential, session, hasToken: false }));
      },
    },
    {
      method: 'DELETE',
      path: PATH,
      role: 'anyone',
      operation: { summary: 'Logs out: the session is over', responses: { 200: json('It is') } },
      answer(c) {
        const { credential, session } = callerOf(c);
        sessions.close(idOf(c));
        if (session !== undefined) noted(credential?.name ?? 'nobody', c, 200);
        c.header('set-cookie', sessionCookie('', portOf(c), 0, isEncrypted(c)));
        return uncached(c, { name: null });
      },
    },
  ];
}

export const idOf = (c: RouteContext): string | undefined => sessionIdIn(c.req.header('cookie'), portOf(c));

const portOf = (c: RouteContext): number | undefined => c.env.incoming.socket.localPort;

/** By this port itself, or by the proxy in front of it. */
const isEncrypted = (c: RouteContext): boolean =>
  c.env.incoming.socket instanceof TLSSocket || c.req.header('x-forwarded-proto') === 'https';

async function tokenIn(c: RouteContext): Promise<string | null> {
  // A form of another site can't send this type without asking first, and nobody answers that.
  if (!/^application\/json\b/i.test(c.req.header('content-type') ?? '')) return null;
  const token = (await jsonBody(c, BODY_BYTES_MAX))?.token;
  return typeof token === 'string' ? token : null;
}

const NO_TOKENS: Problem = {
  status: 409,
  error: 'no-tokens',
  message: 'This service has no tokens: everybody on its machine may do everything, without logging in.',
  hint: 'Tokens are set under `http.token` and `http.tokens` in the pipeline file.',
};

const WRONG_TOKEN: Problem = {
  status: 401,
  error: 'token-wrong',
  message: 'The token is not the right one.',
  hint: 'It is one of `http.token` and `http.tokens` in the pipeline file; whoever runs the service gives it.',
};

const BAD_BODY: Problem = {
  status: 400,
  error: 'bad-body',
  message: "The body can't be taken as a token.",
  hint: 'Send JSON, such as {"token": "…"}, of at most 4 KiB, with its length.',
};
