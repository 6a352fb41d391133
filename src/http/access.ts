/**
 * Access: pure judgement of a request's Host, its Origin, and the role that its token gives.
 *
 * A page in the user's browser can reach 127.0.0.1: by a name of its own that resolves to it (DNS rebinding), which the
 * Host list stops, or cross-site, which the Origin check stops. Beyond loopback everything but the probes needs a
 * token; there an IP literal is an acceptable Host, since rebinding needs a name. On loopback everybody may read, and
 * do everything as long as there is no token.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { Credential } from './credential.ts';
import type { Problem } from './problem.ts';
import { isAtLeast, type Role } from './route.ts';
import { isCsrfOf, type Session } from './sessions.ts';

export interface AccessPolicy {
  readonly bindHost: string;
  /** Names besides loopback and the bind address, such as that of a reverse proxy; canonical. */
  readonly allowedHosts: readonly string[];
  readonly credentials: readonly Credential[];
}

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1'];

export function isLoopback(host: string): boolean {
  return host.toLowerCase() === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

const TOKEN_CHARACTERS_MIN = 16;
const TOKEN_DISTINCT_MIN = 6;

/** Why a token does not keep other machines out; null for one that does. It never repeats the token. */
export function tokenProblem(token: string): string | null {
  if (!/^[\x21-\x7e]+$/.test(token))
    return 'must have printable ASCII characters only, and no space, to stand in a header';
  const unit = shortestUnit(token);
  if (unit < TOKEN_CHARACTERS_MIN) {
    const repeats = token.length >= TOKEN_CHARACTERS_MIN ? ` that do not repeat themselves after ${unit}` : '';
    return `must have at least ${TOKEN_CHARACTERS_MIN} characters${repeats} (${TOKEN_HOW})`;
  }
  if (new Set(token).size < TOKEN_DISTINCT_MIN) {
    return `must have at least ${TOKEN_DISTINCT_MIN} different characters (${TOKEN_HOW})`;
  }
  return null;
}

const TOKEN_HOW = 'try `openssl rand -hex 24`';

/** Length of the shortest text of which the whole is repetitions, the last one cut off or not. */
function shortestUnit(text: string): number {
  for (let unit = 1; unit < text.length; unit++) if (text.slice(unit) === text.slice(0, -unit)) return unit;
  return text.length;
}

/** A name or address as it is compared: lower case, IPv6 in its one short form, without the dot of a full name. */
export function canonicalHost(host: string): string {
  if (isIP(host) === 6) return new URL(`http://[${host}]`).hostname.slice(1, -1);
  return host.toLowerCase().replace(/\.$/, '');
}

/** Null when a request with these headers may go on. */
export function judgeOrigin(
  host: string | undefined,
  origin: string | undefined,
  policy: AccessPolicy,
): Problem | null {
  const hostname = hostnameOf(host);
  if (hostname === null || !hostAllowed(hostname, policy)) {
    return {
      status: 403,
      error: 'host-not-allowed',
      message: `The Host header ${quoted(host)} is not one that this server answers to.`,
      hint: 'Open it as http://127.0.0.1:<port>/, or list the name under `http.hosts` in the pipeline file.',
    };
  }
  if (origin === undefined || sameOrigin(origin, host)) return null;
  return {
    status: 403,
    error: 'origin-not-allowed',
    message: `A page of the origin ${quoted(origin)} may not call this server.`,
    hint: 'There is no CORS; call it from a server, or through a proxy on the same origin as the page.',
  };
}

/** Who asks: the token of the header, else the session that a cookie names. */
export interface Caller {
  readonly credential: Credential | undefined;
  /** Of a caller who is known by it. */
  readonly session: Session | undefined;
  /** A token was sent, if only a wrong one. */
  readonly hasToken: boolean;
}

export function callerOf(
  authorization: string | undefined,
  session: Session | undefined,
  policy: AccessPolicy,
): Caller {
  if (authorization === undefined) return { credential: session?.credential, session, hasToken: false };
  const presented = policy.credentials.find(({ token }) => presentsToken(authorization, token));
  return { credential: presented, session: undefined, hasToken: true };
}

/** The credential of a token as it stands, as one types it to log in; undefined for one that is not known. */
export function credentialOfToken(given: string, policy: AccessPolicy): Credential | undefined {
  return policy.credentials.find(({ token }) => equalInConstantTime(given, token));
}

/** Null when the caller has the role that is needed. */
export function judgeRole(needed: Role, caller: Caller, policy: AccessPolicy, nowMs: number): Problem | null {
  const known = caller.credential;
  if (known !== undefined && needed !== 'anyone' && hasRunOut(known, nowMs)) return tokenExpired(known);
  const role = roleOf(caller, policy);
  if (isAtLeast(role, needed)) return null;
  if (known !== undefined) {
    return {
      status: 403,
      error: 'role-required',
      message: `This needs the role ${needed}, and the token has the role ${role}.`,
      hint: `Ask with a token that has the role ${needed}.`,
      details: { needed, role },
    };
  }
  return {
    status: 401,
    error: 'token-required',
    message: caller.hasToken ? 'The token is not the right one.' : 'This request needs the token.',
    hint: 'Send `Authorization: Bearer <token>`; in a browser, log in at /login.',
    headers: CHALLENGE,
  };
}

export function roleOf({ credential }: Caller, policy: AccessPolicy): Role {
  return credential?.role ?? roleWithoutToken(policy);
}

export const hasRunOut = ({ expiresAtMs }: Credential, nowMs: number): boolean =>
  nowMs >= (expiresAtMs ?? Number.POSITIVE_INFINITY);

export const tokenExpired = ({ name }: Credential): Problem => ({
  status: 401,
  error: 'token-expired',
  message: `The token ${name ?? ''} has run out.`.replace('  ', ' '),
  hint: 'Whoever runs the service gives another one, under `http.tokens` in the pipeline file.',
  headers: CHALLENGE,
});

const CHALLENGE = { 'www-authenticate': 'Basic realm="Millrace", charset="UTF-8"' };

/**
 * Null when nobody else can have made the browser send this. A cookie goes along by itself, so what changes something needs
 * the word that only a page of ours has read (OWASP's synchronizer token).
 */
export function judgeForgery(method: string, { session }: Caller, csrf: string | undefined): Problem | null {
  const isRead = method === 'GET' || method === 'HEAD';
  if (session === undefined || isRead || isCsrfOf(session, csrf)) return null;
  return {
    status: 403,
    error: 'csrf',
    message:
      "This request came with a session's cookie, and without the word that shows that a page of this server sent it.",
    hint: 'Send `X-CSRF-Token` with the `csrf` of GET /api/v1/session, or a token in `Authorization` and no cookie.',
  };
}

function roleWithoutToken({ bindHost, credentials }: AccessPolicy): Role {
  if (!isLoopback(bindHost)) return 'anyone';
  return credentials.length === 0 ? 'admin' : 'viewer';
}

function hostAllowed(hostname: string, policy: AccessPolicy): boolean {
  if (LOOPBACK_NAMES.includes(hostname) || hostname === canonicalHost(policy.bindHost)) return true;
  if (policy.allowedHosts.includes(hostname)) return true;
  return isIP(hostname) !== 0 && (!isLoopback(policy.bindHost) || isLoopback(hostname));
}

/** The name or address without port and brackets; null for what is no host at all. */
function hostnameOf(host: string | undefined): string | null {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(host ?? '');
  if (match === null) return null;
  const [, address, name] = match;
  if (address === undefined) return canonicalHost(name ?? '');
  return isIP(address) === 6 ? canonicalHost(address) : null;
}

/** Compared without the scheme: a proxy in front may have ended TLS. */
function sameOrigin(origin: string, host: string | undefined): boolean {
  const match = /^https?:\/\/([^/]+)$/i.exec(origin);
  return match?.[1]?.toLowerCase() === host?.toLowerCase();
}

function presentsToken(authorization: string | undefined, token: string): boolean {
  const match = /^(bearer|basic) +(\S.*)$/i.exec(authorization ?? '');
  if (match === null) return false;
  const [, scheme = '', credentials = ''] = match;
  if (scheme.toLowerCase() === 'bearer') return equalInConstantTime(credentials, token);
  const decoded = Buffer.from(credentials, 'base64').toString('utf8');
  return equalInConstantTime(decoded.slice(decoded.indexOf(':') + 1), token);
}

/** Digests first: timingSafeEqual wants equal lengths, and the length of the token is a secret too. */
function equalInConstantTime(left: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}

function quoted(value: string | undefined): string {
  return value === undefined ? '(none)' : JSON.stringify(value.slice(0, 200));
}
