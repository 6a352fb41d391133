/**
 * A route of the HTTP port is one entry: its method and path, the role that it needs, its words in OpenAPI, and its answer.
 * Invariant: the router, the access check and the API's description read the same entries, so no path is without a role.
 */
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { TraceContext } from '../messages/trace-context.ts';

/**
 * What one who asks may do, each role all of the ones before it: probes, reading, handing in data and commands over it,
 * commands over the service.
 */
export const ROLES = ['anyone', 'viewer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export interface HttpEnv {
  readonly Bindings: HttpBindings;
  /** Where the request is in its trace; absent where it is not traced. */
  readonly Variables: { readonly trace?: TraceContext };
}

export type RouteContext = Context<HttpEnv>;

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Parameters behind a colon: `/api/v1/streams/:stream/schema`. */
  readonly path: string;
  readonly role: Role;
  /** Null for files of the page. */
  readonly operation: Operation | null;
  answer(c: RouteContext): Response | Promise<Response>;
}

/** As OpenAPI has it; parameters of the path are added from the path. */
export interface Operation {
  readonly summary: string;
  /** Answers as ever, and has a newer address. */
  readonly deprecated?: boolean;
  readonly parameters?: readonly object[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, object>>;
}

export function isAtLeast(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** The value of a parameter in the path; a route reads only those that its path has. */
export function pathParameter(c: RouteContext, name: string): string {
  return c.req.param(name) ?? '';
}

export function uncached(c: RouteContext, value: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return c.json(value, 200, { 'cache-control': 'no-store', ...headers });
}
