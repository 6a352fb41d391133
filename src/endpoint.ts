/**
 * Where requests to another machine go. A user and password in a URL are sent as HTTP Basic authentication (RFC 7617),
 * since fetch refuses such a URL; and nothing of a URL but its origin reaches a message, because its path or query is
 * often a secret, and messages are logged and journaled.
 */
export interface Endpoint {
  /** Without user and password. */
  readonly url: URL;
  /** What authenticates; null when the URL says nothing. */
  readonly authorization: string | null;
  /** The text with everything that may be a secret of the URL taken out. */
  redact(text: string): string;
}

const REDACTED = '<redacted>';
/** A shorter text stands in messages by chance: of a user or password, and of a part of a path or query. */
const SECRET_CHARS_MIN = 3;
const PART_CHARS_MIN = 8;

/** Throws a TypeError that does not repeat the URL when it is none. */
export function endpointOf(address: string | URL): Endpoint {
  const url = new URL(parsed(address));
  const user = decoded(url.username);
  const password = decoded(url.password);
  const values = [...url.searchParams.values()];
  const parts = [...values, ...values.map(encodeURIComponent), ...url.pathname.split('/').flatMap(withDecoded)];
  const whole = [url.href, url.username, url.password, user, password, url.search, url.pathname];
  url.username = '';
  url.password = '';
  const isLong = (chars: number) => (text: string) => text.length >= chars;
  const secrets = [...new Set([...whole.filter(isLong(SECRET_CHARS_MIN)), ...parts.filter(isLong(PART_CHARS_MIN))])];
  // The longest first: one secret may hold another.
  secrets.sort((a, b) => b.length - a.length);
  const hasUser = user !== '' || password !== '';
  return {
    url,
    authorization: hasUser ? `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}` : null,
    redact: (text) => secrets.reduce((left, secret) => left.replaceAll(secret, REDACTED), text),
  };
}

function parsed(address: string | URL): URL {
  if (address instanceof URL) return address;
  if (URL.canParse(address)) return new URL(address);
  throw new TypeError('The URL of an endpoint is not valid');
}

function withDecoded(part: string): string[] {
  return [part, decoded(part)];
}

/** As it stands where it is no percent-encoding. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
