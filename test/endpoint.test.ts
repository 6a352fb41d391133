import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { endpointOf } from '../src/endpoint.ts';

describe('an endpoint', () => {
  test('sends user and password as Basic authentication, without them in its URL', () => {
    // The example of RFC 7617, section 2.
    const { url, authorization } = endpointOf('https://Aladdin:open%20sesame@example.org/hook?x=1');
    expect(url.href).toBe('https://example.org/hook?x=1');
    expect(authorization).toBe('Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==');
  });

  test('has no authentication where its URL names none', () => {
    expect(endpointOf('https://example.org/hook').authorization).toBeNull();
  });

  test('sends a key that stands for the user alone', () => {
    const key = Buffer.from('sk_live_1:').toString('base64');
    expect(endpointOf('https://sk_live_1@example.org/').authorization).toBe(`Basic ${key}`);
  });

  test('leaves its origin in a message and takes out the rest', () => {
    const { redact } = endpointOf('https://me:p%40ss@example.org/services/T0001/abcdefghij?token=0123456789');
    for (const text of [
      'Request cannot be constructed from https://me:p%40ss@example.org/services/T0001/abcdefghij?token=0123456789',
      'wrong password p@ss',
      'wrong password p%40ss',
      'no channel abcdefghij',
      'token 0123456789 has expired',
    ]) {
      expect(redact(text)).not.toMatch(/p@ss|p%40ss|abcdefghij|0123456789/);
      expect(redact(text)).toContain('<redacted>');
    }
    expect(redact('example.org answered 503: try later')).toBe('example.org answered 503: try later');
  });

  test('names no URL when it is none', () => {
    expect(() => endpointOf('no url with p4ssword')).toThrow(/^((?!p4ssword).)*$/);
  });

  test('never leaves a password in a message, whatever it is', () => {
    const word = fc.string({ unit: 'grapheme', minLength: 3, maxLength: 20 });
    fc.assert(
      fc.property(word, word, (user, password) => {
        const address = new URL('https://example.org/hook');
        address.username = user;
        address.password = password;
        if (address.password === '') return;
        const { redact, url } = endpointOf(address);
        expect(url.href).toBe('https://example.org/hook');
        expect(redact(`cannot fetch ${address.href}`)).not.toContain(address.password);
      }),
    );
  });
});
