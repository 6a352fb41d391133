/**
 * The HTTP port: binds it, sets the limits that Node leaves loose, and closes it without cutting answers short.
 * Invariant: beyond loopback it does not start without a token.
 */
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import { getRequestListener } from '@hono/node-server';
import type { Tracing } from '../tracing/port.ts';
import { type AccessPolicy, canonicalHost, isLoopback, tokenProblem } from './access.ts';
import { createBodyBudget } from './body-budget.ts';
import { CONNECTIONS_MAX, watchConnections } from './connections.ts';
import type { Credential } from './credential.ts';
import { createLiveHub, type LiveHubOptions } from './live-hub.ts';
import type { HttpLogger } from './logger.ts';
import { allRoutes, createRouter, type RoutesOptions } from './routes.ts';
import { createSessions } from './sessions.ts';
import { loadStaticFiles } from './static-files.ts';
import { createTlsServer, type TlsFiles } from './tls.ts';
import type { ServiceView } from './view.ts';

export interface HttpOptions {
  readonly view: ServiceView;
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** The token that has every role. */
  readonly token?: string;
  /** Tokens of other roles beside it. */
  readonly credentials?: readonly Credential[];
  /** How long a session of the page lasts; 12 hours when not given. */
  readonly sessionAgeMs?: number;
  /** For tests: epoch ms, by which tokens and sessions run out. */
  readonly nowMs?: () => number;
  /** Names besides loopback and `host` under which the server is reached, such as a reverse proxy's. */
  readonly hosts?: readonly string[];
  readonly logger: HttpLogger;
  readonly tracing?: Tracing;
  /** Files of a certificate; without them the port speaks plain HTTP. */
  readonly tls?: TlsFiles;
  /** For tests: how often they are looked at. */
  readonly tlsLookEveryMs?: number;
  /** For tests: tighter bounds. */
  readonly live?: Partial<Omit<LiveHubOptions, 'subscribe' | 'epoch'>>;
  readonly deadlineMs?: number;
  readonly domainRoutes?: RoutesOptions['domainRoutes'];
  /** Of request bodies that are read or worked on, over all requests. */
  readonly maxBodyBytesInFlight?: number;
}

export interface HttpServer {
  readonly url: string;
  readonly port: number;
  /**
   * Takes no more connections and lets requests under way finish, within a grace time. What is then still worked on is
   * left to be answered: end() cuts it.
   */
  close(graceMs?: number): Promise<void>;
  /** After close(): no connection is left. */
  end(): Promise<void>;
}

export type HttpStartError = Error & {
  readonly kind: 'port-in-use' | 'address-unavailable' | 'port-not-permitted' | 'token-required';
};

export function isHttpStartError(error: unknown): error is HttpStartError {
  return error instanceof Error && 'kind' in error && START_ERROR_KINDS.includes(String(error.kind));
}

const START_ERROR_KINDS = ['port-in-use', 'address-unavailable', 'port-not-permitted', 'token-required'];
/** Beyond what makes room by itself: a burst that is faster than sockets close. */
const CONNECTIONS_REFUSED = 2 * CONNECTIONS_MAX;
/** Longer than any answer takes: a client that neither sends nor reads is gone. */
const SILENCE_MS = 60_000;
const BODY_BYTES_IN_FLIGHT = 128 * 1024 * 1024;
/** A body of 16 MiB waits for others of its size to be parsed, and for the commits of all its events. */
const INGEST_DEADLINE_MS = 30_000;
const CLOSE_GRACE_MS = 2_000;
const SESSION_AGE_MS = 12 * 60 * 60_000;
/** What is answered at the last moment is sent within it. */
const END_GRACE_MS = 500;

/** On every answer, the refused ones included. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
};

export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const { view, host, logger } = options;
  const token = options.token === '' ? undefined : options.token;
  // The configuration says so with its place; this is for who starts the port without one.
  const tokens = [...(token === undefined ? [] : [token]), ...(options.credentials ?? []).map((each) => each.token)];
  const weakness =
    tokens.length === 0 ? 'is missing' : (tokens.map(tokenProblem).find((problem) => problem !== null) ?? null);
  if (!isLoopback(host) && weakness !== null) {
    throw startError(
      'token-required',
      `The HTTP port would be open to other machines (http.host is ${host}), and http.token ${weakness}. ` +
        'Set it, for instance from the environment, or bind 127.0.0.1.',
    );
  }
  const hub = createLiveHub({
    subscribe: (listener) => view.subscribe(listener),
    epoch: Date.now().toString(36),
    onSlowClient: (waitingBytes) => logger.warn({ waitingBytes }, 'a live page read too slowly and was cut off'),
    ...options.live,
  });
  const policy: AccessPolicy = {
    bindHost: host,
    allowedHosts: (options.hosts ?? []).map(canonicalHost),
    credentials: [
      ...(token === undefined ? [] : [{ token, role: 'admin', name: 'http.token' } as const]),
      ...(options.credentials ?? []),
    ],
  };
  const nowMs = options.nowMs ?? Date.now;
  const sessions = createSessions({
    isOn: policy.credentials.length > 0,
    ageMs: options.sessionAgeMs ?? SESSION_AGE_MS,
    nowMs,
  });
  const access = { policy, sessions, nowMs };
  const routes = allRoutes({
    access,
    view,
    hub,
    logger,
    ...(options.domainRoutes === undefined ? {} : { domainRoutes: options.domainRoutes }),
    files: loadStaticFiles(),
    version: packageVersion(),
    budget: createBodyBudget(options.maxBodyBytesInFlight ?? BODY_BYTES_IN_FLIGHT),
    deadlineMs: options.deadlineMs ?? 10_000,
    ingestDeadlineMs: options.deadlineMs ?? INGEST_DEADLINE_MS,
  });
  const app = createRouter(routes, access, { view, logger, tracing: options.tracing ?? null });
  // The adapter would otherwise replace the process's Request and Response for everybody.
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const { server, stopLooking } = openServer(options, (incoming, outgoing) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) outgoing.setHeader(name, value);
    void answer(incoming, outgoing);
  });
  server.maxConnections = CONNECTIONS_REFUSED;
  server.timeout = SILENCE_MS;
  const connections = watchConnections(server, options.tls === undefined ? 'connection' : 'secureConnection');
  try {
    await listen(server, host, options.port);
  } catch (error) {
    hub.close();
    sessions.stop();
    stopLooking();
    throw error;
  }
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  const shownHost = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const url = `${options.tls === undefined ? 'http' : 'https'}://${shownHost.includes(':') ? `[${shownHost}]` : shownHost}:${port}/`;
  logger.info({ url }, 'HTTP is open');
  return {
    url,
    port,
    async close(graceMs = CLOSE_GRACE_MS) {
      if (!server.listening) return;
      stopLooking();
      sessions.stop();
      server.close();
      connections.stopReuse();
      hub.close();
      connections.closeIdle();
      await connections.empty(graceMs);
      connections.closeUnlessWorking();
    },
    async end() {
      await connections.empty(END_GRACE_MS);
      connections.closeAll();
    },
  };
}

const SERVER_LIMITS = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 16 * 1024,
};

function openServer(
  { tls, tlsLookEveryMs, logger }: HttpOptions,
  answer: RequestListener,
): { readonly server: Server | TlsServer; stopLooking(): void } {
  if (tls === undefined) return { server: createServer(SERVER_LIMITS, answer), stopLooking() {} };
  const looks = tlsLookEveryMs === undefined ? { logger } : { logger, lookEveryMs: tlsLookEveryMs };
  const { server, stop } = createTlsServer(tls, SERVER_LIMITS, answer, looks);
  return { server, stopLooking: stop };
}

function listen(server: Server | TlsServer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explained(error, host, port)));
    server.listen(port, host, () => resolve());
  });
}

function explained(error: NodeJS.ErrnoException, host: string, port: number): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return startError(
        'port-in-use',
        `Port ${port} on ${host} is in use by another process. ` +
          'Start with `--port 0` for any free port, or set http.port in the config file.',
        error,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return startError(
        'address-unavailable',
        `This machine has no address ${host}. Set http.host to one that it has, such as 127.0.0.1.`,
        error,
      );
    case 'EACCES':
      return startError(
        'port-not-permitted',
        `Port ${port} may not be opened by this user. Choose one from 1024 with \`--port\` or http.port.`,
        error,
      );
    default:
      return error;
  }
}

function startError(kind: HttpStartError['kind'], message: string, cause?: Error): HttpStartError {
  return Object.assign(new Error(message, cause === undefined ? {} : { cause }), { kind });
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const known = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return known ? String(manifest.version) : '0.0.0';
}
