/**
 * Sessions of people in browsers: after a login by token a cookie identifies the person, until the session's age is
 * over, the token expires, or the person logs out. They live in memory: a restart ends them all.
 *
 * Invariants: an id leaves in one answer only, and what is kept is its digest, so that a comparison's time tells
 * nothing of it. At most SESSIONS_MAX are open; one more ends the oldest.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Credential } from './credential.ts';

export interface Session {
  readonly credential: Credential;
  /** Of every request of this session that changes something: another site's page can't know it. */
  readonly csrf: string;
  /** Epoch ms. */
  readonly expiresAtMs: number;
}

export interface Sessions {
  /** Whether there is a token to log in with. */
  readonly isOn: boolean;
  open(credential: Credential): { readonly id: string; readonly session: Session };
  /** Undefined for an id that was never given, has run out or was closed. */
  find(id: string | undefined): Session | undefined;
  close(id: string | undefined): void;
  /** Calls `ended` once when the session ends, however it does; returns what takes that back. */
  whenEnded(session: Session, ended: () => void): () => void;
  stop(): void;
}

export interface SessionsOptions {
  readonly isOn: boolean;
  /** At most 24 days, the longest that a timer can wait. */
  readonly ageMs: number;
  readonly nowMs: () => number;
}

const SESSIONS_MAX = 1_000;
const SECRET_BYTES = 32;

export function createSessions({ isOn, ageMs, nowMs }: SessionsOptions): Sessions {
  /** By the digest of the id, oldest first. */
  const open = new Map<string, Session>();
  const followers = new Map<Session, Set<() => void>>();
  const timers = new Map<Session, NodeJS.Timeout>();

  const end = (digest: string) => {
    const session = open.get(digest);
    if (session === undefined) return;
    open.delete(digest);
    clearTimeout(timers.get(session));
    timers.delete(session);
    const told = followers.get(session) ?? [];
    followers.delete(session);
    for (const ended of told) ended();
  };

  return {
    isOn,
    open(credential) {
      const [oldest] = open.keys();
      if (open.size >= SESSIONS_MAX && oldest !== undefined) end(oldest);
      const id = randomBytes(SECRET_BYTES).toString('base64url');
      const now = nowMs();
      const expiresAtMs = Math.min(now + ageMs, credential.expiresAtMs ?? Number.POSITIVE_INFINITY);
      const session = { credential, csrf: randomBytes(SECRET_BYTES).toString('base64url'), expiresAtMs };
      const digest = digestOf(id);
      open.set(digest, session);
      timers.set(session, setTimeout(() => end(digest), expiresAtMs - now).unref());
      return { id, session };
    },
    find(id) {
      if (id === undefined) return undefined;
      const digest = digestOf(id);
      const session = open.get(digest);
      // By the clock and not by the timer, which stands still while the machine sleeps.
      if (session !== undefined && nowMs() >= session.expiresAtMs) end(digest);
      return open.get(digest);
    },
    close(id) {
      if (id !== undefined) end(digestOf(id));
    },
    whenEnded(session, ended) {
      const own = followers.get(session) ?? new Set();
      followers.set(session, own.add(ended));
      return () => {
        own.delete(ended);
        if (own.size === 0) followers.delete(session);
      };
    },
    stop() {
      for (const digest of [...open.keys()]) end(digest);
    },
  };
}

export function isCsrfOf(session: Session, sent: string | undefined): boolean {
  const [left, right] = [Buffer.from(session.csrf), Buffer.from(sent ?? '')];
  return left.length === right.length && timingSafeEqual(left, right);
}

const digestOf = (id: string): string => createHash('sha256').update(id).digest('base64url');

/**
 * A browser sends a cookie to every port of a host: the port stands in its name, so that two services of one machine do not
 * end each other's sessions.
 */
const cookieName = (port: number | undefined): string => `millrace_session_${port ?? 0}`;

/** The id in a Cookie header (RFC 6265, section 4.2). */
export function sessionIdIn(cookies: string | undefined, port: number | undefined): string | undefined {
  const start = `${cookieName(port)}=`;
  const found = (cookies ?? '').split(/; */).find((each) => each.startsWith(start));
  return found?.slice(start.length);
}

/**
 * No script reads it, no other site's request carries it, and where the answer goes out encrypted it comes back so.
 * `ageMs` 0 removes it.
 */
export function sessionCookie(id: string, port: number | undefined, ageMs: number, isEncrypted: boolean): string {
  const secure = isEncrypted ? '; Secure' : '';
  const age = Math.max(0, Math.floor(ageMs / 1_000));
  return `${cookieName(port)}=${id}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Strict${secure}`;
}
