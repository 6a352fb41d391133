/** What `start` needs of the HTTP port and of its inputs is known from the file; what it finds only at run time is not. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import { parseConfig } from '../../src/config/load.ts';
import { requireInputs } from '../../src/config/sections/sources.ts';
import { tokenProblem } from '../../src/http/access.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-http-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function problemsOf(text: string, needsFiles = false): string[] {
  const file = join(directory, 'p.yaml');
  try {
    const config = parseConfig(text, file, {});
    if (needsFiles) requireInputs(config, file);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

const http = (text: string): string => `streams: {}\nhttp: { ${text} }`;

describe('a token', () => {
  test.each([
    'a',
    'short',
    'aaaaaaaaaaaaaaaa',
    'passwordpassword',
    '1234567890123456',
    'abababababababab1',
    'with a space in it all',
  ])('such as %s does not open the port to other machines', (token) => {
    for (const host of ['0.0.0.0', '::', '10.1.2.3', 'machine.example']) {
      const problems = problemsOf(http(`host: "${host}", token: "${token}"`));
      expect([host, problems.length, problems[0]?.startsWith('http.token: must have')]).toEqual([host, 1, true]);
      expect(problems[0]).not.toContain(token.length > 6 ? token : '\u0000');
    }
  });

  test('is needed beyond loopback, and not on it', () => {
    expect(problemsOf(http('host: 0.0.0.0'))[0]).toMatch(/^http\.token: is missing/);
    for (const host of ['127.0.0.1', '127.8.8.8', 'localhost', 'Localhost', '::1']) {
      expect([host, problemsOf(http(`host: "${host}"`))]).toEqual([host, []]);
    }
  });

  test('of chance is strong enough, as openssl writes it', () => {
    const hex = fc.uint8Array({ minLength: 24, maxLength: 24 }).filter((bytes) => new Set(bytes).size > 12);
    fc.assert(
      fc.property(hex, (bytes) => {
        expect(tokenProblem(Buffer.from(bytes).toString('hex'))).toBeNull();
      }),
    );
  });

  test('that repeats itself is as strong as what it repeats', () => {
    const unit = fc.string({ unit: fc.constantFrom(...'abcdefgh0123'), minLength: 1, maxLength: 15 });
    fc.assert(
      fc.property(unit, fc.integer({ min: 2, max: 9 }), (text, times) => {
        expect(tokenProblem(text.repeat(times))).not.toBeNull();
      }),
    );
  });
});

describe('hosts and limits', () => {
  test.each(['[::1]', '1.2.3.4.5', 'http://x', 'a b', '', '-x'])('%j is no address to bind', (host) => {
    expect(problemsOf(http(`host: "${host}"`))[0]).toMatch(/^http\.host: /);
  });

  test('names of the server are names, without scheme and port', () => {
    expect(problemsOf(http('hosts: [proxy.example, "2001:db8::1", 10.0.0.1, a.example.]'))).toEqual([]);
    for (const host of ['proxy.example:8080', 'https://proxy.example', '*.example', 'a/b']) {
      expect([host, problemsOf(http(`hosts: ["${host}"]`))[0]]).toEqual([host, expect.stringMatching(/^http\.hosts/)]);
    }
  });

  test('what all bodies may have is not less than one may', () => {
    expect(problemsOf(http('maxBodyBytesInFlight: 15MB'))[0]).toContain('at least 16MB');
    expect(problemsOf(http('maxBodyBytesInFlight: 16MB'))).toEqual([]);
  });
});

describe('inputs', () => {
  const stream = (schema: string, source: string): string =>
    `streams:\n  e: { schema: ./${schema}.avsc, key: k, eventTime: at, source: ${source} }`;
  const writeSchema = (name: string, type: unknown): void => {
    const at = { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } };
    const fields = [{ name: 'k', type: 'string' }, at, { name: 'v', type }];
    writeFileSync(join(directory, `${name}.avsc`), JSON.stringify({ type: 'record', name: 'E', fields }));
  };

  test('over HTTP have a form in JSON', () => {
    writeSchema('numbers', ['int', 'double']);
    expect(problemsOf(stream('numbers', 'http'))[0]).toMatch(/^streams\.e\.schema: has no form in JSON/);
    expect(problemsOf(stream('numbers', '{ file: { path: ./e.avro } }'))).toEqual([]);
  });

  test('from a file are in one that is read, and that is there when the service starts', () => {
    writeSchema('plain', 'string');
    const from = (path: string): string => stream('plain', `{ file: { path: "${path}" } }`);
    expect(problemsOf(from('./e.txt'))[0]).toMatch(/^streams\.e\.source: its name must end in/);
    expect(problemsOf(from('./none.csv'))).toEqual([]);
    expect(problemsOf(from('./none.csv'), true)[0]).toMatch(/no such file$/);
    mkdirSync(join(directory, 'folder.csv'));
    expect(problemsOf(from('./folder.csv'), true)[0]).toMatch(/is no file$/);
    execFileSync('mkfifo', [join(directory, 'pipe.csv')]);
    expect(problemsOf(from('./pipe.csv'), true)).toHaveLength(1);
    writeFileSync(join(directory, 'e.csv'), '');
    expect(problemsOf(from('./e.csv'), true)).toEqual([]);
  });
});
