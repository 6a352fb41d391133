/** How a PostgreSQL server is reached, as a pipeline file says it: a URL as libpq has it, and TLS. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

export interface PostgresConnection {
  /** With user and password, where the file has them. */
  readonly url: string;
  /** TLS: null as the URL's `sslmode` says; else with these PEM files, and the server's certificate is checked. */
  readonly ssl: PostgresTls | null;
}

/** Paths; null: those that Node trusts, and no certificate of one's own. */
export interface PostgresTls {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
}

const file = z.string().min(1).nullable().default(null);

/** The keys of a connection, for a store and for a source. */
export const connectionKeys = {
  url: z
    .string()
    .refine((text) => problemOf(text) === null, {
      error: ({ input }) => problemOf(String(input)) ?? 'is not a URL such as postgres://user@host:5432/database',
    })
    .describe(
      'postgres://user:password@host:5432/database?sslmode=verify-full. Better taken from a variable of the environment.',
    ),
  ssl: z
    .union([
      z.boolean(),
      z.strictObject({
        ca: file.describe('PEM file of who signed the server’s certificate.'),
        cert: file.describe('PEM file of a certificate of one’s own.'),
        key: file.describe('PEM file of its key.'),
      }),
    ])
    .default(false)
    .describe('TLS with a certificate that is checked; false: as the sslmode of the URL says.'),
};

type WrittenConnection = z.output<z.ZodObject<typeof connectionKeys>>;

export function connectionOf({ url, ssl }: WrittenConnection, resolve: (path: string) => string): PostgresConnection {
  const path = (of: string | null): string | null => (of === null ? null : resolve(of));
  if (typeof ssl === 'object') return { url, ssl: { ca: path(ssl.ca), cert: path(ssl.cert), key: path(ssl.key) } };
  return { url, ssl: ssl ? { ca: null, cert: null, key: null } : null };
}

export function printConnection({ url, ssl }: PostgresConnection): {
  readonly url: string;
  readonly ssl: PostgresTls | false;
} {
  return { url, ssl: ssl ?? false };
}

/** The URL without its password, which PGPASSWORD or ~/.pgpass may give in its place. */
export function withoutPassword<C extends PostgresConnection>(connection: C): C {
  const url = new URL(connection.url);
  url.password = '';
  url.searchParams.delete('password');
  return { ...connection, url: url.href };
}

const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];

/** Why a text is no URL of a server; never with a word of the text, which may be a secret. */
function problemOf(text: string): string | null {
  const example = 'write postgres://user@host:5432/database';
  if (!URL.canParse(text)) return `is not a URL; ${example}`;
  const { protocol, hostname, pathname, searchParams } = new URL(text);
  if (protocol !== 'postgres:' && protocol !== 'postgresql:') return `is not a URL of PostgreSQL; ${example}`;
  if (hostname === '') return `names no host; ${example}`;
  if (pathname.length < 2) return `names no database; ${example}`;
  const mode = searchParams.get('sslmode');
  if (mode !== null && !MODES.includes(mode)) return `has an sslmode that there is not; known: ${MODES.join(', ')}`;
  return null;
}

export interface Address {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly ssl:
    | { readonly rejectUnauthorized: boolean; readonly ca?: string; readonly cert?: string; readonly key?: string }
    | false;
}

/** Reads the PEM files. */
export function addressOf({ url, ssl }: PostgresConnection): Address {
  const { hostname, port, pathname, username, password, searchParams } = new URL(url);
  return {
    host: decodeURIComponent(hostname.replace(/^\[|\]$/g, '')),
    port: port === '' ? 5432 : Number(port),
    database: decodeURIComponent(pathname.slice(1)),
    user: username === '' ? undefined : decodeURIComponent(username),
    password: password === '' ? undefined : decodeURIComponent(password),
    ssl: tlsOf(ssl, searchParams.get('sslmode') ?? 'disable', searchParams.get('sslrootcert')),
  };
}

function tlsOf(ssl: PostgresTls | null, mode: string, rootCertificate: string | null): Address['ssl'] {
  if (ssl === null && !['require', 'verify-ca', 'verify-full'].includes(mode)) return false;
  const pem = (key: 'ca' | 'cert' | 'key', path: string | null) =>
    path === null ? {} : { [key]: readFileSync(path, 'utf8') };
  return {
    rejectUnauthorized: ssl !== null || mode !== 'require',
    ...pem('ca', ssl?.ca ?? rootCertificate),
    ...pem('cert', ssl?.cert ?? null),
    ...pem('key', ssl?.key ?? null),
  };
}
