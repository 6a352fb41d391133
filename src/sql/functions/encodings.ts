/** Bytes as texts and back: hexadecimal digits, base64, UTF-8, URLs, and fingerprints. */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { SqlFunction } from '../function.ts';
import { BIG, BLOB, INTEGER, VARCHAR } from '../kinds.ts';
import { of1, of2, of3, scalar, T_BLOB, T_VARCHAR } from '../overloads.ts';
import { SqlError } from '../value.ts';

export const ENCODINGS: readonly SqlFunction[] = [
  fingerprint('md5', 'MD5', "md5('a') = '0cc175b9c0f1b6a831c399e269772661'"),
  fingerprint('sha1', 'SHA-1', "sha1('a') = '86f7e437faa5a7fce15d1ddcb9eaeaea377667b8'"),
  fingerprint('sha256', 'SHA-256', "left(sha256('a'), 8) = 'ca978112'"),
  scalar(
    {
      name: 'hex',
      aliases: ['to_hex'],
      summary: 'The hexadecimal digits of a number of 64 bits, of the bytes of a text, or of bytes.',
      example: "hex(255) = 'FF'",
    },
    of1(BIG, T_VARCHAR, (x) => BigInt.asUintN(64, x).toString(16).toUpperCase()),
    of1(VARCHAR, T_VARCHAR, (text) => Buffer.from(text).toString('hex').toUpperCase()),
    of1(BLOB, T_VARCHAR, (bytes) => bytes.toString('hex').toUpperCase()),
  ),
  scalar(
    {
      name: 'unhex',
      aliases: ['from_hex'],
      summary: 'The bytes of hexadecimal digits.',
      example: "decode(unhex('61')) = 'a'",
    },
    of1(VARCHAR, T_BLOB, (digits) => {
      if (!/^[0-9a-f]*$/i.test(digits))
        throw new SqlError(`${JSON.stringify(digits)} has more than hexadecimal digits`);
      return Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
    }),
  ),
  scalar(
    {
      name: 'bin',
      aliases: ['to_binary'],
      summary: 'The binary digits of a number of 64 bits, or of the bytes of a text.',
      example: "bin(5) = '101'",
    },
    of1(BIG, T_VARCHAR, (x) => BigInt.asUintN(64, x).toString(2)),
    of1(VARCHAR, T_VARCHAR, (text) => [...Buffer.from(text)].map((byte) => byte.toString(2).padStart(8, '0')).join('')),
  ),
  scalar(
    {
      name: 'to_base',
      summary: 'The digits of a number to a base from 2 to 36, with zeros in front up to a length.',
      example: "to_base(255, 16) = 'FF'",
    },
    of2(BIG, INTEGER, T_VARCHAR, (x, base) => digitsOf(x, base, 0)),
    of3(BIG, INTEGER, INTEGER, T_VARCHAR, digitsOf),
  ),
  scalar(
    { name: 'to_base64', aliases: ['base64'], summary: 'Bytes as base64.', example: "to_base64(encode('a')) = 'YQ=='" },
    of1(BLOB, T_VARCHAR, (bytes) => bytes.toString('base64')),
  ),
  scalar(
    {
      name: 'from_base64',
      summary: 'The bytes of base64.',
      differs: 'What stands behind padding is a fault.',
      example: "decode(from_base64('YQ==')) = 'a'",
    },
    of1(VARCHAR, T_BLOB, (text) => {
      if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
        throw new SqlError(`${JSON.stringify(text)} is no base64`);
      }
      return Buffer.from(text, 'base64');
    }),
  ),
  scalar(
    { name: 'encode', summary: 'The bytes of a text in UTF-8.', example: "octet_length(encode('ñ')) = 2" },
    of1(VARCHAR, T_BLOB, (text) => Buffer.from(text)),
  ),
  scalar(
    {
      name: 'decode',
      summary: 'The text of bytes in UTF-8; other bytes are a fault.',
      example: "decode(encode('ñ')) = 'ñ'",
    },
    of1(BLOB, T_VARCHAR, (bytes) => utf8(bytes)),
  ),
  scalar(
    {
      name: 'url_encode',
      summary: 'With all that is not unreserved in a URL in percent signs and digits.',
      example: "url_encode('a b&c') = 'a%20b%26c'",
    },
    of1(VARCHAR, T_VARCHAR, (text) => {
      return encodeURIComponent(text).replace(
        /[!'()*]/g,
        (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
      );
    }),
  ),
  scalar(
    {
      name: 'url_decode',
      summary: 'With percent signs and digits as what they stand for; other bytes than UTF-8 are a fault.',
      example: "url_decode('a%20b%26c') = 'a b&c'",
    },
    of1(VARCHAR, T_VARCHAR, (text) => {
      const parts = text.split(/(%[0-9a-f]{2})/i);
      return utf8(
        Buffer.concat(parts.map((part, i) => (i % 2 === 1 ? Buffer.from(part.slice(1), 'hex') : Buffer.from(part)))),
      );
    }),
  ),
];

function fingerprint(name: string, algorithm: string, example: string): SqlFunction {
  const digest = (data: string | Buffer): string => createHash(name).update(data).digest('hex');
  return scalar(
    { name, summary: `The ${algorithm} of a text's UTF-8, or of bytes, in small hexadecimal digits.`, example },
    of1(VARCHAR, T_VARCHAR, digest),
    of1(BLOB, T_VARCHAR, digest),
  );
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function utf8(bytes: Buffer): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new SqlError(`The bytes ${bytes.toString('hex')} are no UTF-8`);
  }
}

function digitsOf(value: bigint, base: number, length: number): string {
  if (base < 2 || base > 36) throw new SqlError(`${base} is no base from 2 to 36`);
  if (value < 0n) throw new SqlError('to_base takes no negative number');
  if (length < 0 || length > 64) throw new SqlError(`${length} is no length from 0 to 64`);
  return value.toString(base).toUpperCase().padStart(length, '0');
}
