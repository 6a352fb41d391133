/** A printed configuration is a pipeline file that gives the same configuration. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { redacted } from '../../src/config/config.ts';
import { loadConfig, parseConfig } from '../../src/config/load.ts';
import { printConfig, printDefaults } from '../../src/config/print.ts';
import { operatorsOf } from './declared.ts';

const AT = new URL('../../config/printed.yaml', import.meta.url).pathname;

const duration = (max: number): fc.Arbitrary<string> =>
  fc.tuple(fc.nat(max), fc.constantFrom('ms', 's', 'm', 'h')).map(([value, unit]) => `${value}${unit}`);
const name = fc
  .stringMatching(/^[a-z][a-z0-9._-]{0,12}$/)
  .filter((text) => !/^(millrace|fraud)\.|\.(late|dead-letters)$|^parts$/.test(text));
/** Anything but a variable, which has a meaning of its own. */
const words = fc
  .string({ minLength: 1, unit: 'grapheme' })
  .filter((text) => !text.includes('${') && !text.includes('<redacted>'));
const field = fc.constantFrom('transactionId', 'customerId', 'terminalId', 'amountCents');

const aggregate = fc.oneof(
  fc.constant('count()'),
  fc.tuple(fc.constantFrom('arg_max', 'arg_min'), field, field).map(([fn, of, by]) => `${fn}(${of}, ${by})`),
  fc.tuple(fc.constantFrom('sum', 'min', 'max', 'avg'), field).map(([fn, of]) => `${fn}(${of})`),
);
const seconds = fc.integer({ min: 1, max: 9999 });
const stream = fc.constant('payments');
const allowedLateness = duration(1000);
const early = fc.option(duration(1000).filter((text) => !/^0/.test(text)));
const aggregates = fc.dictionary(
  fc
    .stringMatching(/^[a-z]{1,8}$/)
    .filter((text) => !['stream', 'key', 'start', 'end', 'revision', 'at'].includes(text)),
  aggregate,
  { minKeys: 1, maxKeys: 4 },
);
const requiredKeys: ['stream', 'window', 'aggregate'] = ['stream', 'window', 'aggregate'];
const where = fc.option(fc.constantFrom('amountCents > 0', 'not (amountCents in (1, 2)) or terminalId % 2 = 1'));
const aligned = fc.oneof(
  seconds.map((s) => ({ tumbling: `${s}s`, offset: `${s - 1}s` })),
  seconds.map((s) => ({ hopping: { size: `${3 * s}s`, every: `${s}s` }, offset: `${s - 1}s` })),
);
const key = fc.option(fc.oneof(field, fc.constant(['customerId', 'terminalId'])));
const window = fc.oneof(
  fc.record({ stream, key, window: aligned, allowedLateness, early, where, aggregate: aggregates }, { requiredKeys }),
  fc.record(
    {
      stream,
      window: seconds.map((s) => ({ session: `${s}s` })),
      allowedLateness,
      early,
      aggregate: aggregates,
    },
    { requiredKeys },
  ),
  fc.record(
    { stream, window: seconds.map((s) => ({ sliding: `${s}s` })), allowedLateness, aggregate: aggregates },
    { requiredKeys },
  ),
  fc.record({
    stream,
    window: aligned,
    top: fc.option(fc.record({ by: fc.constant('n'), limit: seconds }, { requiredKeys: ['by'] })),
    aggregate: fc.constant({ n: 'count()' }),
  }),
  fc.record({ stream, window: seconds.map((count) => ({ count })), aggregate: aggregates }, { requiredKeys }),
);

const TAKEN = fc.uniqueArray(fc.constantFrom('payments', 'payments.dead-letters'), { minLength: 1 });
const START = fc.constantFrom('earliest', 'latest', null);

const file = fc.record(
  {
    name: words,
    data: words,
    http: fc.record({ port: fc.nat(65_535), token: fc.option(words) }, { requiredKeys: [] }),
    log: fc.record({ level: fc.constantFrom('debug', 'info', 'warn', 'error') }),
    journal: fc.record(
      {
        durability: fc.constantFrom('fsync', 'os'),
        segment: fc.nat(1024).map((mb) => `${mb}MB`),
        snapshotInterval: duration(500),
      },
      { requiredKeys: [] },
    ),
    streams: fc.record({
      payments: fc.record(
        {
          builtin: fc.constant('Transaction'),
          key: fc.constant('customerId'),
          eventTime: fc.constant('occurredAt'),
          partitions: fc.integer({ min: 1, max: 64 }),
          watermark: fc.oneof(
            fc.constant('scripted'),
            fc.record({ outOfOrderness: duration(1000), idleTimeout: fc.option(duration(500)) }, { requiredKeys: [] }),
          ),
          source: fc.oneof(
            fc.constant('http'),
            fc.record({
              generator: fc.record({
                seed: fc.nat(),
                rate: fc.nat(),
                days: fc.option(fc.integer({ min: 1, max: 99 })),
              }),
            }),
            fc.record({ file: fc.constant({ path: '/data/payments.csv' }) }),
          ),
          format: fc.record(
            {
              csv: fc.record(
                {
                  delimiter: fc.constantFrom(',', ';', '\t', '|'),
                  quote: fc.constantFrom("'", '"', null),
                  header: fc.constantFrom(true, false),
                  rename: fc.constantFrom({}, { 'Amount (¢)': 'amountCents' }),
                  ignoreCase: fc.boolean(),
                  extraColumns: fc.constantFrom('refuse', 'ignore'),
                  nulls: fc.array(words, { maxLength: 2 }),
                  decimal: fc.constantFrom('.', ','),
                  timeZone: fc.constantFrom(null, 'Europe/Berlin'),
                  timeFormat: fc.constantFrom('%d.%m.%Y %H:%M', ['%Y', '%y']),
                  epoch: fc.constantFrom('seconds', null),
                },
                { requiredKeys: [] },
              ),
              jsonl: fc.record({ dateFormat: fc.constant('%d.%m.%Y') }, { requiredKeys: [] }),
            },
            { requiredKeys: [] },
          ),
        },
        { requiredKeys: ['builtin', 'key', 'eventTime'] },
      ),
    }),
    windows: fc.dictionary(
      name.filter((text) => text !== 'payments'),
      window,
      { maxKeys: 3 },
    ),
    fraud: fc.option(fc.record({ stream: fc.constant('payments'), caseQuiet: duration(900) })),
    rules: fc.dictionary(
      name.filter((text) => text !== 'payments').map((text) => `${text}.rule`),
      fc.record(
        {
          stream: fc.constant('payments'),
          where: fc.constantFrom('amountCents > 5', 'terminalId IN (1, 2) AND amountCents < 9'),
          score: fc.constantFrom(0.5, 1),
          reason: fc.constantFrom('Amount {amountCents / 100:.2f}', 'No {{value}}'),
          value: fc.constantFrom('amountCents', 'terminalId * 2'),
          enabled: fc.boolean(),
        },
        { requiredKeys: ['stream', 'where', 'score', 'reason'] },
      ),
      { maxKeys: 3 },
    ),
    sinks: fc.dictionary(
      name,
      fc.oneof(
        fc.record({ log: fc.constant({}), from: TAKEN, startFrom: START }),
        fc.record(
          {
            webhook: fc.record(
              {
                url: fc.webUrl({ withQueryParameters: true }),
                batch: fc.record({ events: fc.integer({ min: 1, max: 10_000 }) }, { requiredKeys: [] }),
              },
              { requiredKeys: ['url'] },
            ),
            from: TAKEN,
            startFrom: START,
          },
          { requiredKeys: ['webhook', 'from'] },
        ),
      ),
      {
        maxKeys: 2,
      },
    ),
  },
  { requiredKeys: ['streams'] },
);

test('any configuration that is printed and loaded again is the same', () => {
  fc.assert(
    fc.property(file, (raw) => {
      const config = parseConfig(JSON.stringify(raw), AT, {});
      const again = parseConfig(printConfig(config, { secrets: 'shown' }), AT, {});
      expect(again).toEqual(config);
    }),
    { numRuns: 200 },
  );
});

test('so are windows of days in a zone', () => {
  const stream = 'a';
  const windows = {
    days: { stream, window: { tumbling: '1d', timeZone: 'Asia/Tokyo' }, aggregate: { n: 'count()' } },
    weeks: {
      stream,
      window: { hopping: { size: '7d', every: '1d' }, timeZone: 'Europe/Berlin' },
      aggregate: { n: 'count()' },
    },
  };
  const streams = { a: { builtin: 'Transaction', key: 'customerId', eventTime: 'occurredAt' } };
  const config = parseConfig(JSON.stringify({ streams, windows }), AT, {});
  expect(config.windows.map(({ window }) => window)).toMatchObject([
    { kind: 'tumbling', timeZone: 'Asia/Tokyo' },
    { kind: 'hopping', timeZone: 'Europe/Berlin' },
  ]);
  expect(parseConfig(printConfig(config, { secrets: 'shown' }), AT, {})).toEqual(config);
});

test('so are computed keys and results', () => {
  const windows = {
    w: {
      stream: 'a',
      key: ['terminalId', 'amountCents > 100 AS big'],
      window: { tumbling: '1m' },
      having: 'n > 1 AND big',
      aggregate: {
        n: 'COUNT( * ) FILTER (WHERE amountCents > 5)',
        total: 'sum(amountCents * 2)',
        share: 'round(sum(amountCents) / (max(amountCents) + 1), 2)',
        mean: 'total / n',
      },
    },
    single: { stream: 'a', key: 'amountCents > 5', window: { session: '1m' }, aggregate: { n: 'count()' } },
  };
  const streams = { a: { builtin: 'Transaction', key: 'customerId', eventTime: 'occurredAt' } };
  const config = parseConfig(JSON.stringify({ streams, windows }), AT, {});
  expect(config.windows[0]?.results).toEqual([
    { name: 'share', expression: 'round("share#1" / ("share#2" + 1), 2)', type: 'double' },
    { name: 'mean', expression: 'total / n', type: 'double' },
  ]);
  expect(config.windows[1]?.key).toBe('CAST(amountCents > 5 AS VARCHAR)');
  expect(parseConfig(printConfig(config, { secrets: 'shown' }), AT, {})).toEqual(config);
});

test('so are joins of every kind', () => {
  const stream = { builtin: 'Transaction', key: 'customerId', eventTime: 'occurredAt' };
  const joins = {
    near: { left: 'a', right: 'b', type: 'left', within: '5m', grace: '1s' },
    apart: { left: 'a', right: 'b', within: { after: '1m' }, where: 'left.amountCents > right.amountCents' },
    together: { left: 'a', right: 'b', type: 'outer', window: { tumbling: '10s', offset: '3s' } },
    seen: { left: 'a', table: 'b', type: 'left', history: '7d' },
    again: { left: 'together', table: 'near', type: 'inner' },
    keyed: {
      left: 'a',
      right: 'b',
      on: { left: ['terminalId', 'customerId % 3'], right: ['customerId', 'terminalId'] },
      within: '1s',
    },
    computed: { left: 'a', right: 'b', on: 'customerId // 2', within: '1s' },
    tables: { leftTable: 'a', rightTable: 'b', type: 'outer', grace: '1s' },
    foreign: { leftTable: 'a', rightTable: 'b', on: 'terminalId', where: 'left.amountCents > 1', history: '7d' },
  };
  const config = parseConfig(JSON.stringify({ streams: { a: stream, b: stream }, joins }), AT, {});
  expect(config.joins.map(({ spec }) => 'ofJoin' in spec)).toEqual([
    false,
    false,
    false,
    false,
    true,
    false,
    false,
    false,
    false,
  ]);
  expect(parseConfig(printConfig(config, { secrets: 'shown' }), AT, {})).toEqual(config);
});

test('so are expectations of every kind', () => {
  const expectations = [
    { column: 'amountCents', between: [0, null], notNull: true },
    { column: 'terminalId', in: [1, 2], onFail: 'warn' },
    { that: 'amountCents > 0 or terminalId = 1', onFail: 'warn' },
  ];
  const payments = { builtin: 'Transaction', key: 'customerId', eventTime: 'occurredAt', expect: expectations };
  const weather = {
    ...{ builtin: 'WeatherObservation', key: 'place', eventTime: 'observedAt' },
    expect: [{ column: 'place', matches: '^[A-Z]{3}$', lengthBetween: [3, 3] }],
  };
  const config = parseConfig(JSON.stringify({ streams: { payments, weather } }), AT, {});
  expect(config.streams.flatMap((stream) => stream.expectations).map(({ kind, onFail }) => [kind, onFail])).toEqual([
    ['notNull', 'deadLetter'],
    ['between', 'deadLetter'],
    ['in', 'warn'],
    ['that', 'warn'],
    ['lengthBetween', 'deadLetter'],
    ['matches', 'deadLetter'],
  ]);
  expect(parseConfig(printConfig(config, { secrets: 'shown' }), AT, {})).toEqual(config);
});

describe.each(['demo', 'live', 'handbook', 'terminal-weather', 'orders'])('config/%s.yaml', (title) => {
  const path = new URL(`../../config/${title}.yaml`, import.meta.url).pathname;
  test('is valid without any environment', () => {
    expect(loadConfig(path, {}).name).toBe(title);
  });
  test('is the same when printed and loaded again', () => {
    const config = loadConfig(path, {});
    expect(parseConfig(printConfig(config, { secrets: 'shown' }), AT, {})).toEqual(config);
  });
});

describe.each(['demo', 'live', 'handbook'])('config/%s.yaml', (title) => {
  const path = new URL(`../../config/${title}.yaml`, import.meta.url).pathname;
  test('has the windows and the fraud rules that it promises', () => {
    const config = loadConfig(path, {});
    const { windows, fraud, rules } = config;
    const minute = { key: null, window: { kind: 'tumbling', sizeMs: 60_000, offsetMs: 0 } };
    expect(windows).toMatchObject([
      { name: 'payments_per_minute', ...minute },
      { name: 'spend_per_customer_day', key: 'customerId', window: { kind: 'tumbling', sizeMs: 86_400_000 } },
    ]);
    for (const { aggregates } of windows) {
      expect(aggregates).toEqual([
        { name: 'n', fn: 'count', field: null },
        { name: 'total', fn: 'sum', field: 'amountCents', isLong: true },
        { name: 'largest', fn: 'max', field: 'amountCents', isLong: true },
      ]);
    }
    expect(fraud).toMatchObject({
      sessionGapMs: 1_800_000,
      caseQuietMs: 604_800_000,
    });
    expect(rules).toEqual([]);
    const [operator] = operatorsOf(config, 'fraud');
    expect(operator?.spec).toMatchObject({ rules: [{ name: 'amount' }, { name: 'velocity' }, { name: 'deviation' }] });
  });
});

test('a schema file is printed by its path, so that the print can be loaded from anywhere', () => {
  const path = new URL('../fixtures/config/click.yaml', import.meta.url).pathname;
  const config = loadConfig(path, {});
  expect(config.streams[0]?.schema.name).toBe('Click');
  expect(parseConfig(printConfig(config, { secrets: 'shown' }), '/elsewhere/p.yaml', {})).toEqual(config);
});

test('the defaults are a file that loads, and are what a file without a word has', () => {
  expect(parseConfig(printDefaults(), AT, {})).toEqual(parseConfig('streams: {}', AT, {}));
});

describe('secrets', () => {
  const secretive = (): Config =>
    parseConfig(
      `streams: { payments: { builtin: Transaction, key: customerId, eventTime: occurredAt } }
http: { token: tok-1 }
sinks: { a: { webhook: { url: "https://hooks.example/services/sec-2?k=sec-3" }, from: [payments] } }`,
      AT,
      {},
    );
  test('are in no print that is to be shown', () => {
    const printed = printConfig(secretive(), { secrets: 'redacted' }) + JSON.stringify(redacted(secretive()));
    expect(printed).not.toMatch(/tok-1|sec-2|sec-3/);
    expect(printed).toContain('https://hooks.example/<redacted>');
  });
  test('a print without them is refused, so that nobody runs with the placeholder as the secret', () => {
    expect(() => parseConfig(printConfig(secretive(), { secrets: 'redacted' }), AT, {})).toThrow(
      /http\.token: <redacted>/,
    );
  });
  test('are not repeated by an error about them', () => {
    expect(() => parseConfig('streams: {}\nhttp: { token: [tok-1] }', AT, {})).toThrow(/^(?!.*tok-1).*must be text/s);
    const url = 'streams: {}\nsinks: { a: { webhook: { url: "htps://x/tok-1" } } }';
    expect(() => parseConfig(url, AT, {})).toThrow(/^(?!.*tok-1).*not a URL/s);
  });
});

test('a configuration can not be changed after it was checked', () => {
  const config = loadConfig(new URL('../../config/demo.yaml', import.meta.url).pathname, {});
  const isFrozen = (value: unknown): boolean =>
    typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(isFrozen));
  expect(isFrozen(config)).toBe(true);
});
