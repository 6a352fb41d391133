/** What the HTTP port has to be told so that `start` can open it, and nobody else can use it. */
import { isIP } from 'node:net';
import { isLoopback, tokenProblem } from '../http/access.ts';
import type { Config } from './config.ts';
import type { Report } from './names.ts';
import type { ConfigFile } from './schema.ts';

/** One body may have so much: with less, none of that size could ever be taken. */
const BODY_BYTES_MAX = 16 * 1024 * 1024;

export function httpOf(raw: ConfigFile['http'], report: Report): Config['http'] {
  if (!isHost(raw.host)) report(['http', 'host'], `is neither an IP address nor a host name${bracketHint(raw.host)}`);
  else if (!isLoopback(raw.host)) {
    const problem = raw.token === null ? 'is missing, and http.host lets other machines in' : tokenProblem(raw.token);
    if (problem !== null) report(['http', 'token'], problem);
  }
  for (const [index, host] of raw.hosts.entries()) {
    if (!isHost(host)) report(['http', 'hosts', String(index)], `is no host name; write it without scheme and port`);
  }
  if (raw.maxBodyBytesInFlight < BODY_BYTES_MAX) {
    report(['http', 'maxBodyBytesInFlight'], 'must be at least 16MB, the size of one body');
  }
  const { age, keys } = raw.idempotency;
  return { ...raw, idempotency: { ageMs: age, keys } };
}

function isHost(host: string): boolean {
  if (isIP(host) !== 0) return true;
  // What looks like an IPv4 address and is none would be looked up as a name.
  return /^(?!-)[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/i.test(host) && !/^[\d.]+$/.test(host);
}

function bracketHint(host: string): string {
  return host.startsWith('[') ? '; write an IPv6 address without brackets' : '';
}
