/**
 * The header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a string of RFC 9651 in quotes, or, as many
 * clients send it, the same without them. Both name the same key.
 */
import type { Problem } from './problem.ts';

const KEY_CHARACTERS_MAX = 255;
/** Printable ASCII; a quote or a backslash stands behind a backslash. */
const QUOTED = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
const BARE = /^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+$/;

/** Null without the header. */
export function idempotencyKeyOf(header: string | undefined): string | null | Problem {
  if (header === undefined) return null;
  const text = header.trim();
  const key = QUOTED.exec(text)?.[1]?.replace(/\\(.)/g, '$1') ?? (BARE.test(text) ? text : '');
  if (key === '' || key.length > KEY_CHARACTERS_MAX) return BAD_KEY;
  return key;
}

const BAD_KEY: Problem = {
  status: 400,
  error: 'bad-idempotency-key',
  message: `The header Idempotency-Key is not one key of 1 to ${KEY_CHARACTERS_MAX} printable ASCII characters.`,
  hint: 'Send a new UUID for each request, and the same one when you repeat it: `Idempotency-Key: "8e03978e-40d5-43dd-bc93-6894a57f9324"`.',
};
