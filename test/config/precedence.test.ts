/** Option over environment over file over default, and variables inside the file. */
import { describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/load.ts';

const FILE =
  'name: from-file\nhttp: { port: 1111 }\nstreams:\n  pay.ments: { builtin: Transaction, key: customerId, eventTime: occurredAt }\n';
const load = (text: string, environment: Record<string, string> = {}): Config =>
  parseConfig(text, 'p.yaml', environment);

test('an option is stronger than the environment, that than the file, that than the default', () => {
  const flag = { path: ['http', 'port'], text: '3333', origin: '--port' };
  const environment = { MILLRACE__HTTP__PORT: '2222' };
  expect(load('streams: {}').http.port).toBe(7070);
  expect(load(FILE).http.port).toBe(1111);
  expect(load(FILE, environment).http.port).toBe(2222);
  expect(parseConfig(FILE, 'p.yaml', environment, [flag]).http.port).toBe(3333);
});

describe('an environment variable', () => {
  test.each([
    ['MILLRACE__HTTP__TOKEN', '12345', (c: Config) => c.http.token, '12345'],
    ['MILLRACE__HTTP__TOKEN', '1e3', (c: Config) => c.http.token, '1e3'],
    ['MILLRACE__HTTP__TOKEN', 'true', (c: Config) => c.http.token, 'true'],
    ['MILLRACE__HTTP__TOKEN', '', (c: Config) => c.http.token, null],
    ['MILLRACE__NAME', '007', (c: Config) => c.name, '007'],
    ['MILLRACE__JOURNAL__SNAPSHOTEVENTS', '5', (c: Config) => c.journal.snapshotEveryEvents, 5],
    ['MILLRACE__JOURNAL__SEGMENT', '1KB', (c: Config) => c.journal.segmentBytes, 1024],
    ['MILLRACE__STREAMS__PAY_MENTS__PARTITIONS', '8', (c: Config) => c.streams[0]?.partitions, 8],
    [
      'MILLRACE__STREAMS__PAY_MENTS__WATERMARK__IDLETIMEOUT',
      '5s',
      (c: Config) => c.streams[0]?.watermark,
      { kind: 'bounded', outOfOrdernessMs: 0, idleTimeoutMs: 5000, maxAheadMs: null },
    ],
    ['MILLRACE__FRAUD', '{ stream: pay.ments }', (c: Config) => c.fraud?.stream, 'pay.ments'],
  ])('%s=%s sets its key to what the schema wants there', (variable, text, read, expected) => {
    expect(read(load(FILE, { [variable]: text }))).toEqual(expected);
  });

  test.each([
    ['MILLRACE__HTTP__PORT', 'many', 'MILLRACE__HTTP__PORT: http.port: must be a number, not text'],
    ['MILLRACE__HTTP__PRT', '1', 'MILLRACE__HTTP__PRT: http.prt: is not a key here; did you mean port?'],
    ['MILLRACE__NAME__X', '1', 'MILLRACE__NAME__X: name.x: nothing can stand here'],
    [
      'MILLRACE__STREAMS__PAY_MENTS__KEY',
      'custId',
      'MILLRACE__STREAMS__PAY_MENTS__KEY: streams.pay.ments.key: there is no field of Transaction "custId"',
    ],
  ])('%s=%s is refused under its own name, not at a line of the file', (variable, text, expected) => {
    expect(() => load(FILE, { [variable]: text })).toThrow(expected);
  });

  test('of another program changes nothing', () => {
    expect(load(FILE, { MILLRACE_CONFIG: 'x', PORT: '1', MILLRACE__: '1' })).toEqual(load(FILE));
  });
});

describe('a variable in the file', () => {
  test('is replaced, by its default where it is not set', () => {
    const text = 'streams: {}\nname: a-${ENV_A:x}-${ENV_B:y:z}\nhttp:\n  port: ${PORT:8080}\n  token: "${TOKEN:}"\n';
    expect(load(text, { ENV_A: '1' })).toMatchObject({ name: 'a-1-y:z', http: { port: 8080, token: null } });
    expect(load(text, { PORT: '9', TOKEN: '42' })).toMatchObject({ name: 'a-x-y:z', http: { port: 9, token: '42' } });
  });

  test('that is not set and has no default is refused at its line', () => {
    const text = 'streams: {}\nhttp:\n  token: ${TOKEN}';
    expect(() => load(text)).toThrow(
      'p.yaml:3:3: http.token: TOKEN is not set; set it, or give a default: ${TOKEN:default}',
    );
  });

  test('is not looked for in the value of another', () => {
    expect(load('streams: {}\nname: ${A}', { A: '${B:b}' }).name).toBe('${B:b}');
  });
});
