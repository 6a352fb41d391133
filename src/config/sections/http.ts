/** What the HTTP port has to be told so that `start` can open it, and nobody else can use it. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { isLoopback, tokenProblem } from '../../http/access.ts';
import { formatDuration, formatSize } from '../../keys/units.ts';
import { duration, instant, name, REDACTED, secret, size } from '../../keys/value-schema.ts';
import { section } from '../section.ts';

export interface HttpConfig {
  readonly host: string;
  readonly port: number;
  readonly token: string | null;
  /** Tokens of other roles. */
  readonly tokens: readonly {
    readonly name: string;
    readonly role: 'viewer' | 'operator' | 'admin';
    readonly token: string;
    readonly expiresAtMs: number | null;
  }[];
  /** Names by which the service is reached besides loopback and `host`. */
  readonly hosts: readonly string[];
  readonly tls: { readonly certFile: string; readonly keyFile: string; readonly clientCaFile: string | null } | null;
  /** How long a session of the page lasts. */
  readonly sessionAgeMs: number;
  readonly maxBodyBytesInFlight: number;
  readonly idempotency: { readonly ageMs: number; readonly keys: number };
}

/** The longest body. The bound on all bodies must be at least so large, or a body of this size could never be taken. */
const BODY_BYTES_MAX = 16 * 1024 * 1024;
const SESSION_AGE_MS_MAX = 7 * 24 * 60 * 60_000;

const schema = z
  .strictObject({
    host: z
      .string()
      .min(1)
      .default('127.0.0.1')
      .describe('Beyond loopback a token of at least 16 characters is required.'),
    port: z.int().min(0).max(65_535).default(7070).describe('0 takes any free one.'),
    token: secret
      .nullable()
      .default(null)
      .describe('What a client has to send. Better taken from the environment than written here.'),
    tokens: z
      .array(
        z.strictObject({
          name: name.describe('Whose it is, as the log of commands calls them.'),
          role: z.enum(['viewer', 'operator', 'admin']).describe('What may be done with it: docs/http.md.'),
          token: secret.describe('Better taken from the environment than written here.'),
          expires: instant.nullable().default(null).describe('From then on it is refused; null for never.'),
        }),
      )
      .default([])
      .describe('Tokens of other roles beside `token`, which may do everything.'),
    hosts: z
      .array(z.string().min(1))
      .default([])
      .describe('Names besides loopback and `host` that it is reached by, such as that of a reverse proxy.'),
    tls: z
      .strictObject({
        cert: z
          .string()
          .min(1)
          .describe('PEM: the certificate, then those that it is signed by. Relative to this file.'),
        key: z.string().min(1).describe('PEM: its private key.'),
        clientCa: z
          .string()
          .nullable()
          .default(null)
          .describe('PEM: who signs certificates of clients. They are then asked for, beside tokens.'),
      })
      .nullable()
      .default(null)
      .describe('The port speaks HTTPS. The files are read anew when they change.'),
    sessionAge: duration
      .prefault('12h')
      .describe('So long a person who has logged in on the page needs no token again; at most 7d. A restart ends it.'),
    maxBodyBytesInFlight: size
      .prefault('128MB')
      .describe('Request bodies that are read or worked on have at most so much, over all requests; beyond it 503.'),
    idempotency: z
      .strictObject({
        age: duration.prefault('1d').describe('So long an Idempotency-Key is known, and its request taken once.'),
        keys: z.int().min(1).max(1_000_000).default(10_000).describe('At most so many keys of each partition.'),
      })
      .prefault({}),
  })
  .prefault({});

export const httpSection = section({
  key: 'http',
  schema,
  derive(raw, { report, resolve }): HttpConfig {
    if (!isHost(raw.host)) report(['http', 'host'], `is neither an IP address nor a host name${bracketHint(raw.host)}`);
    else if (!isLoopback(raw.host)) {
      const problem =
        raw.tokens.length > 0 && raw.token === null
          ? null
          : raw.token === null
            ? 'is missing, and http.host lets other machines in'
            : tokenProblem(raw.token);
      if (problem !== null) report(['http', 'token'], problem);
    }
    for (const [index, host] of raw.hosts.entries()) {
      if (!isHost(host)) report(['http', 'hosts', String(index)], `is no host name; write it without scheme and port`);
    }
    if (raw.maxBodyBytesInFlight < BODY_BYTES_MAX) {
      report(['http', 'maxBodyBytesInFlight'], 'must be at least 16MB, the size of one body');
    }
    if (raw.sessionAge > SESSION_AGE_MS_MAX) report(['http', 'sessionAge'], 'must be at most 7d');
    for (const [index, own] of raw.tokens.entries()) {
      const at = ['http', 'tokens', String(index)];
      const problem = tokenProblem(own.token);
      if (problem !== null) report([...at, 'token'], problem);
      const others = [raw.token, ...raw.tokens.slice(0, index).map((other) => other.token)];
      if (others.includes(own.token)) report([...at, 'token'], 'is that of another role too; each has one of its own');
      if (raw.tokens.slice(0, index).some((other) => other.name === own.name)) {
        report([...at, 'name'], `is taken: there is a token ${own.name} before it`);
      }
    }
    const { age, keys } = raw.idempotency;
    const tokens = raw.tokens.map(({ expires, ...own }) => ({ ...own, expiresAtMs: expires }));
    const tls = raw.tls && {
      certFile: resolve(raw.tls.cert),
      keyFile: resolve(raw.tls.key),
      clientCaFile: raw.tls.clientCa && resolve(raw.tls.clientCa),
    };
    const { sessionAge: sessionAgeMs, ...given } = raw;
    return { ...given, tls, tokens, sessionAgeMs, idempotency: { ageMs: age, keys } };
  },
  print: ({ idempotency, maxBodyBytesInFlight, sessionAgeMs, tokens, tls, ...http }) => ({
    ...http,
    sessionAge: formatDuration(sessionAgeMs),
    tls: tls && { cert: tls.certFile, key: tls.keyFile, clientCa: tls.clientCaFile },
    tokens: tokens.map(({ expiresAtMs, ...own }) => ({
      ...own,
      expires: expiresAtMs === null ? null : new Date(expiresAtMs).toISOString(),
    })),
    maxBodyBytesInFlight: formatSize(maxBodyBytesInFlight),
    idempotency: { age: formatDuration(idempotency.ageMs), keys: idempotency.keys },
  }),
  redact: (http) => ({
    ...http,
    token: http.token === null ? null : REDACTED,
    tokens: http.tokens.map((own) => ({ ...own, token: REDACTED })),
  }),
});

function isHost(host: string): boolean {
  if (isIP(host) !== 0) return true;
  // A text that looks like an IPv4 address and is not one would be looked up as a name.
  return /^(?!-)[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/i.test(host) && !/^[\d.]+$/.test(host);
}

function bracketHint(host: string): string {
  return host.startsWith('[') ? '; write an IPv6 address without brackets' : '';
}
