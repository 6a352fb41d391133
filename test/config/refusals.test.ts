/** What a pipeline file may not say, and where its author is pointed to. Lines and columns are counted by hand. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import { loadConfig, parseConfig } from '../../src/config/load.ts';
import { rulesOfLimits } from '../../src/fraud/default-rules.ts';
import { operatorsOf } from './declared.ts';

function problemsOf(text: string, environment: Record<string, string> = {}): string[] {
  try {
    parseConfig(text, 'p.yaml', environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n');
  }
}

/** Seven lines: a stream of transactions, on which the cases below build. */
const PAYMENTS = `name: t
streams:
  payments:
    builtin: Transaction
    key: customerId
    eventTime: occurredAt
windows:
`;

const windowOf = (rest: string): string => `${PAYMENTS}  w:\n    stream: payments\n${rest}`;
const AGGREGATE = '    aggregate: { n: count() }\n';
describe('keys', () => {
  test.each([
    ['htp: { port: 1 }\nstreams: {}', 'p.yaml:1:1: htp: is not a key here; did you mean http?'],
    ['streams: {}\nhttp: { prot: 1 }', 'p.yaml:2:9: http.prot: is not a key here; did you mean port?'],
    ['streams: {}\nlog:\n  zzz: 1', 'p.yaml:3:3: log.zzz: is not a key here; known: level'],
    // `session` is a key of fraud and of nothing else: no key is offered where it may not stand.
    ['streams: {}\nlog:\n  sesion: 1', 'p.yaml:3:3: log.sesion: is not a key here; known: level'],
    [
      windowOf(`    window: { tumbling: 1s, ofset: 0s }\n${AGGREGATE}`),
      'p.yaml:10:29: windows.w.window.ofset: is not a key here; did you mean offset?',
    ],
    ['name: t', 'p.yaml: streams: is missing'],
    ['streams:\n  a:\n    builtin: Transaction\n    key: customerId', 'p.yaml:2:3: streams.a.eventTime: is missing'],
    [
      'streams:\n  a b: {}',
      'p.yaml:2:3: streams.a b: a name has letters, digits, dot, dash and underscore, and begins with a letter',
    ],
  ])('in %j', (text, expected) => {
    expect(problemsOf(text)).toContain(expected);
  });
});

describe('what a sink is of', () => {
  const stream = `streams: { clicks: { builtin: Transaction, key: customerId, eventTime: occurredAt } }
windows: { per_user: { stream: clicks, window: { tumbling: 1s }, aggregate: { n: count() } } }
`;
  test.each([
    ['log: {}', 'says not what it takes: nothing here gives alerts; write for example `from: [clicks]`'],
    ['log: {}, from: []', 'from: must have at least 1 items'],
    ['log: {}, from: [per_usr]', 'from.0: nothing gives "per_usr"; did you mean per_user?'],
    ['log: {}, from: [clicks, per_user.lat]', 'from.1: nothing gives "per_user.lat"; did you mean per_user.late?'],
    ['log: {}, from: [clicks, clicks]', 'from.1: clicks stands there already'],
    [
      'log: {}, from: [alerts]',
      'from.0: nothing gives "alerts"; known: clicks, per_user, per_user.late, clicks.dead-letters',
    ],
    ['webhook: { url: "https://a.b", batch: { events: 0 } }', 'webhook.batch.events: must be at least 1'],
    ['log: {}, from: [clicks], startFrom: now', 'startFrom: must be one of earliest, latest'],
  ])('{ %s }', (sink, expected) => {
    const problems = problemsOf(`${stream}sinks: { a: { ${sink} } }`);
    expect(problems.join('\n')).toContain(`sinks.a${expected.startsWith('says') ? ': ' : '.'}${expected}`);
  });
  test('is alerts where there is fraud and nothing else is said, and alerts by that name only', () => {
    const fraud = `${stream}fraud: { stream: clicks }\n`;
    const parsed = parseConfig(`${fraud}sinks: { a: { log: {} } }`, 'p.yaml', {});
    expect(parsed.sinks).toEqual([{ kind: 'log', name: 'a', from: ['alerts'], startFrom: null, holdJournalMs: null }]);
    expect(problemsOf(`${fraud}sinks: { a: { log: {}, from: [fraud.alerts] } }`).join()).toContain(
      'did you mean alerts?',
    );
  });
});

describe('values', () => {
  test.each([
    ['http: { port: x }', 'p.yaml:2:9: http.port: must be a number, not text'],
    ['http: { port: 70000 }', 'p.yaml:2:9: http.port: must be at most 65535'],
    ['http: { port: -1 }', 'p.yaml:2:9: http.port: must be at least 0'],
    ['http: { port: 1.5 }', 'p.yaml:2:9: http.port: must be a whole number, not a number'],
    ['http: 7070', 'p.yaml:2:1: http: must be a map, not a number'],
    ['log: { level: wran }', 'p.yaml:2:8: log.level: must be one of debug, info, warn, error; did you mean warn?'],
    ['journal: { durability: none }', 'p.yaml:2:12: journal.durability: must be one of fsync, os'],
    [
      'journal: { segment: 64 }',
      'p.yaml:2:12: journal.segment: must be a size such as 64MB, of at most 1GB, with its unit',
    ],
    ['journal: { segment: 2GB }', 'p.yaml:2:12: journal.segment: must be a size such as 64MB, of at most 1GB'],
    [
      'journal: { snapshotInterval: 5 weeks }',
      'p.yaml:2:12: journal.snapshotInterval: must be a duration such as 500ms, 3s, 5m, 1h or 7d, of at most 24 days',
    ],
    // setTimeout takes 2^31 - 1 ms, which is 24.8 days, and fires at once for more.
    [
      'journal: { snapshotInterval: 25d }',
      'p.yaml:2:12: journal.snapshotInterval: must be a duration such as 500ms, 3s, 5m, 1h or 7d, of at most 24 days',
    ],
    [
      'sinks: { a: { webhook: { url: nowhere } } }',
      'p.yaml:2:26: sinks.a.webhook.url: is not a URL such as https://host/path',
    ],
    [
      'sinks: { a: { webhook: { url: "file:///etc/passwd" } } }',
      'p.yaml:2:26: sinks.a.webhook.url: is not a URL such as https://host/path',
    ],
    [
      'sinks: { a: carrier-pigeon }',
      'p.yaml:2:10: sinks.a: must be one of { log } or { webhook } or { kafka } or { alertmanager } or { slack } or { pagerduty }',
    ],
    [
      'sinks: { a: {} }',
      'p.yaml:2:10: sinks.a: must be one of { log } or { webhook } or { kafka } or { alertmanager } or { slack } or { pagerduty }',
    ],
    [
      'supervision: { minBackoff: 2s, maxBackoff: 1s }',
      'p.yaml:2:16: supervision.minBackoff: must not be longer than maxBackoff',
    ],
  ])('%s', (line, expected) => {
    expect(problemsOf(`streams: {}\n${line}`)).toEqual([expected]);
  });
});

describe('YAML itself', () => {
  test.each([
    ['streams: {}\nstreams: {}', /^p\.yaml:2:1: /],
    ['streams: {}\nname: [a', /^p\.yaml:2:\d+: /],
    ['streams:\n\t- a', /^p\.yaml:2:1: /],
    ['streams: {}\nname: !secret a', /^p\.yaml:2:7: .*!secret/],
    ['- streams', /^p\.yaml: must be a map, not a list$/],
    ['a: &a [x, x]\nb: &b [*a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b]\nd: [*c, *c, *c, *c, *c]', /alias/],
  ])('%j is refused with its place', (text, expected) => {
    expect(problemsOf(text)[0]).toMatch(expected);
  });
});

describe('streams', () => {
  const stream = (rest: string): string => `streams:\n  a:\n${rest}`;
  const weather = stream('    builtin: WeatherObservation\n    key: place\n    eventTime: observedAt\n');
  test.each([
    [
      stream('    builtin: Transactoin\n    key: k\n    eventTime: t'),
      'p.yaml:3:5: streams.a.builtin: there is no built-in schema "Transactoin"; did you mean Transaction?',
    ],
    [
      stream('    builtin: DeadLetter\n    key: k\n    eventTime: t'),
      'p.yaml:3:5: streams.a.builtin: there is no built-in schema "DeadLetter"; known: Transaction, FraudLabel, WeatherObservation',
    ],
    [
      stream('    key: k\n    eventTime: t'),
      'p.yaml:2:3: streams.a: name one of `schema: ./file.avsc` and `builtin: Transaction`',
    ],
    [
      PAYMENTS.replace('customerId', 'custommerId'),
      'p.yaml:5:5: streams.payments.key: there is no field of Transaction "custommerId"; did you mean customerId?',
    ],
    [
      PAYMENTS.replace('occurredAt', 'amountCents'),
      'p.yaml:6:5: streams.payments.eventTime: amountCents must be a long with logicalType timestamp-millis',
    ],
    [`${weather}    partitions: 65`, 'p.yaml:6:5: streams.a.partitions: must be at most 64'],
    [
      `${weather}    source: htp`,
      'p.yaml:6:5: streams.a.source: must be one of http or { http } or { job } or { file } or { generator } or { kafka } or { postgres }',
    ],
    [`${weather}    source: { htp: {} }`, 'p.yaml:6:15: streams.a.source.htp: is not a key here; did you mean http?'],
    [
      `${weather}    source: { http: {}, job: x }`,
      'p.yaml:6:5: streams.a.source: must be one of http or { http } or { job } or { file } or { generator } or { kafka } or { postgres }',
    ],
    [
      `${weather}    source: { generator: { rtae: 5 } }`,
      'p.yaml:6:28: streams.a.source.generator.rtae: is not a key here; did you mean rate?',
    ],
    [
      `${weather}    source: { generator: { startAt: April 1 } }`,
      'p.yaml:6:28: streams.a.source.generator.startAt: must be a date such as 2018-04-01 or 2018-04-01T12:00:00Z',
    ],
    [
      `${weather}    source: { generator: {} }`,
      'p.yaml:6:5: streams.a.source: the generator makes transactions; the stream must be `builtin: Transaction`',
    ],
    [
      `${weather}    source: { job: nightly }`,
      'p.yaml:6:15: streams.a.source.job: there is no job "nightly"; known: none',
    ],
    [
      `${weather}    watermark: { outOfOrdernes: 5s }`,
      'p.yaml:6:18: streams.a.watermark.outOfOrdernes: is not a key here; did you mean outOfOrderness?',
    ],
    [
      `${weather}    watermark: { outOfOrderness: 5 }`,
      'p.yaml:6:18: streams.a.watermark.outOfOrderness: must be a duration such as 500ms, 3s, 5m, 1h or 7d, with its unit',
    ],
    [
      `${weather}    watermark: scriptd`,
      'p.yaml:6:5: streams.a.watermark: must be one of scripted or { outOfOrderness, idleTimeout, maxAhead, maxWait }',
    ],
    [
      weather.replace('  a:', '  x.late:'),
      'p.yaml:2:3: streams.x.late: .late is for derived streams; choose another name',
    ],
    [
      weather.replace('  a:', '  millrace.a:'),
      'p.yaml:2:3: streams.millrace.a: millrace. is for derived streams; choose another name',
    ],
  ])('in %j', (text, expected) => {
    expect(problemsOf(text.replace(/windows:\n$/, ''))).toEqual([expected]);
  });
});

describe('expectations', () => {
  const expecting = (entry: string): string =>
    `${PAYMENTS.replace('windows:\n', '')}    expect:\n      - { column: amountCents, notNull: true }\n      - ${entry}\n`;
  test.each([
    [
      '{ column: amountCent, notNull: true }',
      '9:11',
      '1.column: there is no field of Transaction "amountCent"; did you mean amountCents?',
    ],
    ['{ column: amountCents, between: [5, 1] }', '9:32', '1.between: begins above its end'],
    ["{ column: amountCents, in: ['a', 'b', 1] }", '9:32', '1.in: amountCents must be text, and is a number'],
    ['{ column: amountCents, matches: x }', '9:32', '1.matches: amountCents must be text, and is a number'],
    [
      '{ column: amountCents, lengthBetween: [0, 1] }',
      '9:32',
      '1.lengthBetween: amountCents must be text, and is a number',
    ],
    ['{ between: [0, 1] }', '9:11', '1.between: is of a column: name it with `column:`'],
    ['{ onFail: warn }', '9:9', '1: must say what is expected: between, notNull, in, matches, lengthBetween or that'],
    [
      '{ column: amountCents }',
      '9:9',
      '1: must say what is expected of amountCents: between, notNull, in, matches, lengthBetween',
    ],
    ['{ that: amountCents > }', '9:30', '1.that: at character 14: a field or a value is missing before the end'],
    [`{ that: "${'('.repeat(1000)}amountCents" }`, '9:218', '1.that: at character 201: is nested more than 200 deep'],
    [`{ that: ${'not '.repeat(9000)}isFraud }`, '9:817', '1.that: at character 801: is nested more than 200 deep'],
    ['{ that: amountCents < 1e999 }', '9:31', '1.that: at character 15: a number beyond the largest that there is'],
    ['{ that: amountCents + 1 }', '9:29', '1.that: at character 13: must be true or false, and is BIGINT'],
    [
      '{ that: amountCents > 0, onFail: wran }',
      '9:34',
      '1.onFail: must be one of deadLetter, warn; did you mean warn?',
    ],
    ['{ column: amountCents, betwen: [0, 1] }', '9:32', '1.betwen: is not a key here; did you mean between?'],
    ['{ column: amountCents, between: [0, .inf] }', '9:45', '1.between.1: must be a number, not Infinity'],
    ['{ column: amountCents, between: [0] }', '9:32', '1.between: must have at least 2 items'],
    ['{ column: amountCents, between: [0, x] }', '9:45', '1.between.1: must be a number, not text'],
    ['{ column: amountCents, in: [[1]] }', '9:37', '1.in.0: must be one of text or a number or true or false'],
    ['{ column: amountCents, in: [] }', '9:32', '1.in: must have at least 1 items'],
  ])('%s', (entry, place, message) => {
    expect(problemsOf(expecting(entry))).toEqual([`p.yaml:${place}: streams.payments.expect.${message}`]);
  });

  test('a pattern that is none is refused', () => {
    const weather = `streams:\n  a:\n    builtin: WeatherObservation\n    key: place\n    eventTime: observedAt\n`;
    const [problem] = problemsOf(`${weather}    expect: [{ column: place, matches: '(' }]`);
    expect(problem).toMatch(/^p\.yaml:6:31: streams\.a\.expect\.0\.matches: Invalid regular expression/);
  });

  test.each([
    ['^(?!x)', '(?!…) looks ahead, and a text is matched in one pass: say it in a condition beside it'],
    ['(a)\\1', '\\1 refers back to a group, and a text is matched in one pass'],
    ['a{2000}', "can't be matched in linear time: invalid repeat count: `{2000}`"],
  ])('a pattern that needs more than linear time is refused: %s', (pattern, message) => {
    const weather = `streams:\n  a:\n    builtin: WeatherObservation\n    key: place\n    eventTime: observedAt\n`;
    expect(problemsOf(`${weather}    expect: [{ column: place, matches: '${pattern}' }]`)).toEqual([
      `p.yaml:6:31: streams.a.expect.0.matches: ${message}`,
    ]);
  });
});

describe('windows', () => {
  const window = '    window: { tumbling: 1m }\n';
  test.each([
    [
      windowOf(window + AGGREGATE).replace('stream: payments', 'stream: payment'),
      'p.yaml:9:5: windows.w.stream: there is no stream "payment"; did you mean payments?',
    ],
    [
      windowOf(`    key: terminal\n${window}${AGGREGATE}`),
      'p.yaml:10:5: windows.w.key: there is no field of Transaction "terminal"; did you mean terminalId?',
    ],
    [
      windowOf(`    key: [customerId, terminal]\n${window}${AGGREGATE}`),
      'p.yaml:10:23: windows.w.key.1: there is no field of Transaction "terminal"; did you mean terminalId?',
    ],
    [
      windowOf(`    key: [customerId, customerId]\n${window}${AGGREGATE}`),
      'p.yaml:10:23: windows.w.key.1: customerId is in the key already',
    ],
    [windowOf(`    key: []\n${window}${AGGREGATE}`), 'p.yaml:10:5: windows.w.key: must have at least 1 items'],
    [
      windowOf(`    key: '[amountCents]'\n${window}${AGGREGATE}`),
      "p.yaml:10:5: windows.w.key: [amountCents] can't be a key: it is neither text nor a number; it is BIGINT[], so CAST it",
    ],
    [
      windowOf(`${window}    having: m > 1\n${AGGREGATE}`),
      'p.yaml:11:5: windows.w.having: at character 1: there is no field of results "m"; known: n, customerId, key, start, end',
    ],
    [
      windowOf(`    window: { sliding: 1m }\n    having: n > 1\n${AGGREGATE}`),
      'p.yaml:11:5: windows.w.having: is for tumbling, hopping, session, count and table windows',
    ],
    [
      windowOf(`${window}    aggregate: { n: count(), m: "n / total" }`),
      'p.yaml:11:30: windows.w.aggregate.m: at character 5: there is no field of results "total"; known: n, customerId, key, start, end',
    ],
    [
      windowOf(`${window}    aggregate: { n: count() FILTER (WHERE amountCents) }`),
      'p.yaml:11:43: windows.w.aggregate.n: at character 23: must be true or false, and is BIGINT',
    ],
    [
      windowOf(`${window}    aggregate: { n: sum(amountCents || 'x') }`),
      "p.yaml:11:25: windows.w.aggregate.n: amountCents || 'x' is VARCHAR, and so is not a number; CAST it",
    ],
    [
      windowOf(`    window: { tumbling: 1d, timeZone: Berlin }\n${AGGREGATE}`),
      'p.yaml:10:29: windows.w.window.timeZone: there is no zone "Berlin"; did you mean Europe/Berlin?',
    ],
    [
      windowOf(`    window: { tumbling: 6h, timeZone: Europe/Berlin }\n${AGGREGATE}`),
      'p.yaml:10:29: windows.w.window.timeZone: is for windows of whole days, such as 1d; an hour is the same in most zones',
    ],
    [
      windowOf(`    window: { tumbling: 0s }\n${AGGREGATE}`),
      'p.yaml:10:15: windows.w.window.tumbling: must be longer than 0',
    ],
    [
      windowOf(`    window: { tumbling: 1m, offset: 60s }\n${AGGREGATE}`),
      'p.yaml:10:29: windows.w.window.offset: must be shorter than the window',
    ],
    [
      windowOf(`${window}    aggregate: { n: sum(amount) }`),
      'p.yaml:11:18: windows.w.aggregate.n: there is no field of Transaction "amount"; known: transactionId, customerId, terminalId, amountCents, occurredAt',
    ],
    [
      windowOf(`${window}    aggregate: { n: sun(amountCents) }`),
      'p.yaml:11:18: windows.w.aggregate.n: there is no aggregate "sun"; did you mean sum?',
    ],
    [windowOf(`${window}    aggregate: { n: sum() }`), 'p.yaml:11:18: windows.w.aggregate.n: sum() needs a field'],
    [
      windowOf(`${window}    aggregate: { n: "count(amountCents, cardId)" }`),
      'p.yaml:11:18: windows.w.aggregate.n: must be count(field)',
    ],
    [
      windowOf(`${window}    aggregate: { n: amountCents }`),
      'p.yaml:11:18: windows.w.aggregate.n: must be an aggregate such as count() or sum(field)',
    ],
    [
      windowOf(`${window}    aggregate: { n: sum(distinct amountCents) }`),
      'p.yaml:11:18: windows.w.aggregate.n: DISTINCT is for count(DISTINCT amountCents); the values themselves are list_distinct(amountCents)',
    ],
    [
      windowOf(`${window}    aggregate: { n: top(amountCents) }`),
      'p.yaml:11:18: windows.w.aggregate.n: must be top(field, 3): how many of the largest values, a whole number from 1',
    ],
    [
      windowOf(`${window}    aggregate: { n: bool_and(amountCents) }`),
      'p.yaml:11:18: windows.w.aggregate.n: amountCents is not true or false',
    ],
    [
      windowOf(`${window}    aggregate: { n: "quantile(amountCents, 99)" }`),
      'p.yaml:11:18: windows.w.aggregate.n: must be quantile(field, 0.99): the share of the values that lie below, from 0 to 1',
    ],
    [
      windowOf(`${window}    aggregate: { n: "sum(amountCents, 2)" }`),
      'p.yaml:11:18: windows.w.aggregate.n: must be sum(field)',
    ],
    [
      windowOf(`${window}    top: { by: m }\n${AGGREGATE}`),
      'p.yaml:11:12: windows.w.top.by: there is no result "m"; known: n',
    ],
    [
      windowOf(`${window}    top: { by: all }\n    aggregate: { all: collect(amountCents) }`),
      'p.yaml:11:12: windows.w.top.by: all is not a number',
    ],
    [
      windowOf(`${window}    top: { by: n }\n    allowedLateness: 1s\n${AGGREGATE}`),
      'p.yaml:12:5: windows.w.allowedLateness: a window with `top` gives its results once',
    ],
    [
      windowOf(`    window: { session: 1s }\n    top: { by: n }\n${AGGREGATE}`),
      'p.yaml:11:5: windows.w.top: is for tumbling and hopping windows',
    ],
    [
      windowOf(`${window}    aggregate: { n: arg_max(amountCents) }`),
      'p.yaml:11:18: windows.w.aggregate.n: must be arg_max(field, other): the first field of the event whose second is the largest',
    ],
    [
      windowOf(`${window}    aggregate: { n: "arg_min(customerId, amount)" }`),
      'p.yaml:11:18: windows.w.aggregate.n: there is no field of Transaction "amount"; known: transactionId, customerId, terminalId, amountCents, occurredAt',
    ],
    [
      windowOf(`${window}    where: amountCents > 0 and terminal == 1\n${AGGREGATE}`),
      'p.yaml:11:32: windows.w.where: at character 21: there is no field of Transaction "terminal"; did you mean terminalId?',
    ],
    [
      windowOf(`${window}    where: amountCents + 1\n${AGGREGATE}`),
      'p.yaml:11:24: windows.w.where: at character 13: must be true or false, and is BIGINT',
    ],
    [windowOf(`${window}    aggregate: {}`), 'p.yaml:11:5: windows.w.aggregate: needs a result such as n: count()'],
    [
      windowOf(`${window}    aggregate: { start: count() }`),
      'p.yaml:11:18: windows.w.aggregate.start: is a field of every result; known: stream, key, start, end, revision, at',
    ],
    [
      windowOf(`    window: { hopping: { size: 5s, every: 10s } }\n${AGGREGATE}`),
      'p.yaml:10:36: windows.w.window.hopping.every: must not be longer than the window: events would be in none',
    ],
    [
      windowOf(`    window: { hopping: { size: 5s, every: 0s } }\n${AGGREGATE}`),
      'p.yaml:10:36: windows.w.window.hopping.every: must be longer than 0',
    ],
    [
      windowOf(`    window: { hopping: { size: 10s, every: 5s }, offset: 5s }\n${AGGREGATE}`),
      'p.yaml:10:50: windows.w.window.offset: must be shorter than `every`',
    ],
    [
      windowOf(`    window: { session: 0s }\n${AGGREGATE}`),
      'p.yaml:10:15: windows.w.window.session: must be longer than 0',
    ],
    [
      windowOf(`    window: { sliding: 5s, offset: 1s }\n${AGGREGATE}`),
      'p.yaml:10:28: windows.w.window.offset: belongs to another form of window',
    ],
    [windowOf(`    window: { count: 0 }\n${AGGREGATE}`), 'p.yaml:10:15: windows.w.window.count: must be at least 1'],
    [
      windowOf(`    window: { tumbling: 1m }\n    early: 0s\n${AGGREGATE}`),
      'p.yaml:11:5: windows.w.early: must be longer than 0',
    ],
    [
      windowOf(`    window: { sliding: 1m }\n    early: 1s\n${AGGREGATE}`),
      'p.yaml:11:5: windows.w.early: a sliding window has no early results: its results come event by event',
    ],
    [
      windowOf(`    window: { count: 3 }\n    allowedLateness: 1s\n${AGGREGATE}`),
      'p.yaml:11:5: windows.w.allowedLateness: no event is late for a count window',
    ],
    [
      windowOf(window + AGGREGATE).replace('  w:', '  Payments:'),
      'p.yaml:8:3: windows.Payments: is too like the name payments, which is taken',
    ],
    [`${windowOf(window + AGGREGATE)}  w: {}\n`, 'p.yaml:12:3: w is in this map twice; call one of the two otherwise'],
  ])('in %j', (text, expected) => {
    expect(problemsOf(text)).toEqual([expected]);
  });

  test('an aggregate of numbers is refused for a text, and taken for what may be null', () => {
    const text = (field: string): string =>
      `streams:\n  s: { builtin: WeatherObservation, key: place, eventTime: observedAt }\nwindows:\n  w: { stream: s, window: { tumbling: 1h }, aggregate: { x: sum(${field}) } }`;
    expect(problemsOf(text('provider'))).toEqual(['p.yaml:4:58: windows.w.aggregate.x: provider is not a number']);
    expect(problemsOf(text('temperatureCelsius'))).toEqual([]);
  });
});

describe('what a later version brings is said to be so, and nothing else is said about it', () => {
  const payments = PAYMENTS.replace('windows:\n', '');
  test.each([[`${payments}sinks: { a: { postgres: {} } }`, 'p.yaml:7:15: sinks.a.postgres: is not supported yet']])(
    'in %j',
    (text, expected) => {
      expect(problemsOf(text)).toEqual([expected]);
    },
  );
});

describe('rules', () => {
  const rule = (text: string, more = ''): string => PAYMENTS.replace('windows:\n', `${more}rules: { r: { ${text} } }`);
  const sound = 'stream: payments, score: 0.5';
  test.each([
    [
      rule(`stream: payment, where: "true", score: 1, reason: x`),
      'p.yaml:7:15: rules.r.stream: there is no stream "payment"; did you mean payments?',
    ],
    [
      rule(`${sound}, where: amount > 5, reason: x`),
      'rules.r.where: at character 1: there is no field of Transaction "amount"; known: ',
    ],
    [rule(`${sound}, where: amountCents, reason: x`), 'rules.r.where: at character 1: '],
    [
      rule(`${sound}, where: amountCents > 5, reason: "{amount}"`),
      'rules.r.reason: at character 2: there is no field of Transaction "amount"',
    ],
    [
      rule(`${sound}, where: amountCents > 5, reason: "a { b"`),
      'rules.r.reason: at character 3: a { without its }; write {{ for a brace',
    ],
    [
      rule(`${sound}, where: amountCents > 5, reason: x, value: "'a'"`),
      'rules.r.value: at character 1: is VARCHAR, and a number is wanted',
    ],
    [rule(`stream: payments, where: amountCents > 5, reason: x, score: 1.5`), 'rules.r.score: must be at most 1'],
    [
      rule(`${sound}, where: session.count > 5, reason: x`),
      'rules.r.where: at character 1: there is no field of Transaction "session"',
    ],
    [
      rule(
        `${sound}, where: amountCents > 5, reason: x`,
        'fraud: { stream: payments }\nderived: { d: { stream: r, select: { a: score } } }\n',
      ),
      'derived.d.stream: is a rule of payments: its hits are in fraud.rule-hits',
    ],
    [
      rule(
        `${sound}, enabled: false, where: amountCents > 5, reason: x`,
        'derived: { d: { stream: r, select: { a: score } } }\n',
      ),
      'derived.d.stream: is a rule that is not enabled',
    ],
  ])('in %j', (text, expected) => {
    expect(problemsOf(text).join()).toContain(expected);
  });

  const features =
    'features: { terminal: { stream: payments, key: terminalId, window: 7d, aggregate: { n: count() } } }\n';
  test('name features as the fields of the events that have them, and an unknown one is refused at its place', () => {
    const named = `${sound}, where: features.terminal.n > 3, reason: "{features.terminal.n:.0f} of {{n}}"`;
    const texts = { where: '(terminal_n > 3)', reason: '{terminal_n:.0f} of {{n}}', value: 'terminal_n', norm: '3' };
    const [plain] = parseConfig(rule(named, features), 'p.yaml', {}).rules;
    expect(plain).toMatchObject({
      where: 'features.terminal.n > 3',
      computed: texts,
      derived: { stream: 'payments.features' },
    });
    const [judged] = parseConfig(rule(named, `${features}fraud: { stream: payments }\n`), 'p.yaml', {}).rules;
    expect(judged).toMatchObject({ computed: texts });
    expect(judged).not.toHaveProperty('derived');
    const unknown = rule(`${sound}, where: "true", reason: "at {features.terminal.m}"`, features);
    expect(problemsOf(unknown)[0]).toContain(
      'rules.r.reason: there is no feature "features.terminal.m"; did you mean features.terminal.n?',
    );
  });

  test('of the judged stream may name the session and the customer, and know what their one comparison is about', () => {
    const text = rule(
      `${sound}, where: 5 < session.count, reason: "{customer.meanCents:.1f}"`,
      'fraud: { stream: payments }\n',
    );
    expect(parseConfig(text, 'p.yaml', {}).rules).toMatchObject([{ name: 'r', value: 'session.count', norm: '5' }]);
    const other = rule(
      `${sound}, where: amountCents > 1 OR customer.count = 0, reason: x`,
      'fraud: { stream: payments }\n',
    );
    expect(parseConfig(other, 'p.yaml', {}).rules[0]).not.toHaveProperty('value');
  });
});

describe('jobs', () => {
  const job = (
    schedule: string,
    place = '{ name: X, latitude: 0, longitude: 0 }',
    into = 'weather',
    more = '',
  ): string =>
    `streams:
  weather: { builtin: WeatherObservation, key: place, eventTime: observedAt, source: { job: j } }
jobs:
  j:
    schedule: { ${schedule} }
    steps:
      load: { into: ${into}, fetch: { openMeteo: { url: demo, places: [${place}] } } }
${more}`;
  const steps = (...lines: readonly string[]): string =>
    job('every: 15s', undefined, undefined, lines.map((line) => `      ${line}\n`).join(''));
  const load = 'into: weather, fetch: { openMeteo: { url: demo, places: [{ name: X, latitude: 0, longitude: 0 }] } }';

  test.each([
    [
      job('every: 15s', undefined, 'wether'),
      'p.yaml:7:15: jobs.j.steps.load.into: there is no stream "wether"; did you mean weather?',
    ],
    [
      job('timezone: UTC'),
      'p.yaml:5:5: jobs.j.schedule: name one of `cron: "0 * * * *"`, `every: 15s`, `on: { job: OTHER }` and `on: { file: "in/*.csv" }`',
    ],
    [job('on: { job: k }'), 'p.yaml:5:23: jobs.j.schedule.on.job: there is no job "k"; known: none'],
    [
      job('every: 15s').replace('job: j', 'job: k'),
      'p.yaml:2:88: streams.weather.source.job: there is no job "k"; known: j',
    ],
    [
      job('every: 15s', '{ name: X, latitude: 91, longitude: 0 }'),
      'p.yaml:7:83: jobs.j.steps.load.fetch.openMeteo.places.0.latitude: must be at most 90',
    ],
    [
      steps(`next: { needs: [lod], ${load} }`),
      'p.yaml:8:23: jobs.j.steps.next.needs.0: there is no step "lod"; did you mean load?',
    ],
    [
      steps(`next: { pool: api, ${load} }`),
      'p.yaml:8:15: jobs.j.steps.next.pool: there is no pool "api"; known: default',
    ],
    [
      steps(`a: { needs: [b], ${load} }`, `b: { needs: [c], ${load} }`, `c: { needs: [a], ${load} }`),
      'p.yaml:8:12: jobs.j.steps.a.needs: is a circle: a → b → c → a',
    ],
    [steps(`next: { wait: 5, ${load} }`), 'jobs.j.steps.next.wait'],
    [
      steps(`next: { needs: [load], map: { over: other }, ${load} }`),
      'jobs.j.steps.next.map.over: there is no step that it needs "other"',
    ],
    [
      job('every: 15s').replace('schedule:', 'startAt: 2026-01-01\n    schedule:'),
      'jobs.j.startAt: is for `catchup: all`',
    ],
  ])('in %j', (text, expected) => {
    expect(problemsOf(text).join('\n')).toContain(expected);
  });

  test.each(['61 * * * *', '* * *', '0 0 31 2 *'])('cron %j never fires or is not cron, at its line', (cron) => {
    expect(problemsOf(job(`cron: "${cron}"`))[0]).toMatch(/^p\.yaml:5:17: jobs\.j\.schedule\.cron: .*not valid/);
  });

  test('an unknown time zone is refused', () => {
    expect(problemsOf(job('cron: "0 * * * *", timezone: Europe/Berlim'))).toEqual([
      'p.yaml:5:36: jobs.j.schedule.timezone: there is no zone "Europe/Berlim"; did you mean Europe/Berlin?',
    ]);
  });

  test('a section `schedules` is refused with the jobs to write instead, and those are taken', () => {
    const [stream] = job('every: 15s').split('jobs:');
    const schedules = `schedules:
  j: { every: 15s, catchup: true, retries: 2, retryDelay: 1s, into: weather, fetch: { openMeteo: { url: demo, places: [{ name: X, latitude: 0, longitude: 0 }] } } }
`;
    const [refusal, ...instead] = problemsOf(stream + schedules).filter((line) => !line.includes('there is no job'));
    expect(refusal).toBe('p.yaml:3:1: schedules: is no longer a key; write at the top of the file instead:');
    const config = parseConfig(`${stream}${instead.join('\n')}\n`, 'p.yaml', {});
    expect(config.jobs).toMatchObject([
      { name: 'j', catchup: 'all', overlap: 'queue', retry: { retries: 2, baseMs: 1000 } },
    ]);
  });
});

describe('fraud', () => {
  test.each([
    ['fraud: { stream: payment }', 'p.yaml:7:10: fraud.stream: there is no stream "payment"; did you mean payments?'],
    ['fraud: { stream: payments, session: 0s }', 'p.yaml:7:28: fraud.session: must be longer than 0'],
    [
      'fraud: { stream: payments, rules: { minHistory: 10 } }',
      'p.yaml:7:28: fraud.rules: is no longer a key, and these are the rules that hold anyway: leave it out. ' +
        'Rules of your own stand in the section `rules`',
    ],
  ])('%s', (line, expected) => {
    expect(problemsOf(PAYMENTS.replace('windows:\n', line))).toEqual([expected]);
  });

  test('limits of the rules are refused with the rules to write instead, and those are taken', () => {
    const text = PAYMENTS.replace('windows:\n', 'fraud: { stream: payments, rules: { velocity: 3, deviations: 2.5 } }');
    const [refusal, ...instead] = problemsOf(text);
    expect(refusal).toBe('p.yaml:7:28: fraud.rules: is no longer a key; write at the top of the file instead:');
    const written = PAYMENTS.replace('windows:\n', `fraud: { stream: payments }\n${instead.join('\n')}\n`);
    const config = parseConfig(written, 'p.yaml', {});
    expect(operatorsOf(config, 'fraud')[0]?.spec).toMatchObject({
      rules: rulesOfLimits({ amountCents: 22_000, velocityCount: 3, deviations: 2.5, minHistory: 10 }),
    });
  });

  test('fraud needs transactions by customer', () => {
    const text = `${PAYMENTS.replace('windows:\n', '').replace('key: customerId', 'key: terminalId')}fraud: { stream: payments }`;
    expect(problemsOf(text)).toEqual([
      'p.yaml:7:10: fraud.stream: payments must be a stream of `builtin: Transaction` keyed by customerId',
    ]);
  });
});

test('everything that is wrong is said at once, in the order of the file', () => {
  const text = 'htp: 1\nstreams:\n  a: { key: k, builtin: Transaction }\nhttp: { port: x }\nlog: { level: loud }';
  expect(problemsOf(text).map((line) => line.split(': ')[0])).toEqual([
    'p.yaml:1:1',
    'p.yaml:3:3',
    'p.yaml:4:9',
    'p.yaml:5:8',
  ]);
});

describe('files', () => {
  let dir: string;
  const write = (name: string, text: string): string => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  const messageOf = (file: string): string => {
    try {
      loadConfig(file, {});
      return '';
    } catch (error) {
      return error instanceof ConfigError ? error.message : `not a ConfigError: ${error}`;
    }
  };
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'millrace-config-'));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const withSchema = (name: string): string =>
    write('p.yaml', `streams:\n  a:\n    schema: ./${name}\n    key: id\n    eventTime: at\n`);
  const CLICK = `{ "type": "record", "name": "Click", "fields": [
    { "name": "id", "type": { "type": "string" } },
    { "name": "at", "type": { "type": "long", "logicalType": "timestamp-millis" } } ] }`;

  test('a file that is not there, or is a folder, is a problem of configuration', () => {
    expect(messageOf(join(dir, 'no.yaml'))).toBe(`${join(dir, 'no.yaml')}: does not exist`);
    expect(messageOf(dir)).toContain("can't be read");
  });

  test('a schema is found beside the file that names it, wherever the process runs', () => {
    write('click.avsc', CLICK);
    expect(messageOf(withSchema('click.avsc'))).toBe('');
  });

  test('a schema that is not there, not JSON, not a record or not Avro is named with its file', () => {
    const at = `${join(dir, 'p.yaml')}:3:5: streams.a.schema: `;
    const schema = (name: string, text: string): string => {
      write(name, text);
      return messageOf(withSchema(name));
    };
    expect(messageOf(withSchema('no.avsc'))).toBe(`${at}${join(dir, 'no.avsc')} does not exist`);
    expect(schema('bad.avsc', '{\n  "type": "record",\n  "name": }')).toBe(
      `${at}${join(dir, 'bad.avsc')}:3:11 is not JSON: "}" can't stand here`,
    );
    expect(schema('text.avsc', '"string"')).toContain('must be an Avro schema of type record');
    expect(schema('odd.avsc', CLICK.replace('"string"', '"strnig"'))).toContain('is not a valid Avro schema');
    expect(schema('ours.avsc', CLICK.replace('"Click"', '"dev.millrace.Click"'))).toContain('is for built-in schemas');
  });

  test.each(['transactions', 'Windows', 'runs', 'cases_by_time', 'window_w', 'sqlite_a'])(
    'a stream of a schema of its own can not be called %s: the read models have a table of that name',
    (name) => {
      write('click.avsc', CLICK);
      const text = `streams:\n  ${name}: { schema: ./click.avsc, key: id, eventTime: at }\n`;
      expect(messageOf(write('taken.yaml', text))).toBe(
        `${join(dir, 'taken.yaml')}:2:3: streams.${name}: is a name that the read models keep for a table of their own; choose another`,
      );
    },
  );

  test('fields that can not be columns of one table are named', () => {
    const withField = (name: string): string => {
      write('fields.avsc', CLICK.replace('{ "name": "id"', `{ "name": "${name}", "type": "int" }, { "name": "id"`));
      return messageOf(withSchema('fields.avsc'));
    };
    expect(withField('more')).toBe('');
    expect(withField('log_offset')).toContain(
      'p.yaml:3:5: streams.a.schema: the field log_offset has the name of a column that every',
    );
    expect(withField('ID')).toContain('p.yaml:3:5: streams.a.schema: the fields ID and id differ in case only');
  });

  test('two different records of one name can not be in one pipeline', () => {
    write('click.avsc', CLICK);
    write('other.avsc', CLICK.replace('{ "name": "id"', '{ "name": "more", "type": "int" }, { "name": "id"'));
    const stream = (name: string): string => `schema: ${name}, key: id, eventTime: at`;
    const file = write('two.yaml', `streams:\n  a: { ${stream('click.avsc')} }\n  b: { ${stream('other.avsc')} }\n`);
    expect(messageOf(file)).toBe(`${file}:3:8: streams.b.schema: Click is another record than the Click of stream a`);
  });
});

describe('how a stream is written', () => {
  test.each([
    ['csv: { delimeter: ";" }', '7:22', 'csv.delimeter: is not a key here; did you mean delimiter?'],
    ['csv: { delimiter: ab }', '7:22', 'csv.delimiter: must be one ASCII character that is no part of a number'],
    [String.raw`csv: { delimiter: "\n" }`, '7:22', 'csv.delimiter: must be one ASCII character'],
    ['csv: { quote: "," }', '7:15', 'csv: its delimiter and its quote are the same'],
    ['csv: { timeZone: Berlin }', '7:22', 'csv.timeZone: is no zone of the IANA database'],
    ['csv: { timeFormat: "%H:%M" }', '7:22', 'csv.timeFormat: "%H:%M" says no year'],
    ['csv: { epoch: hours }', '7:22', 'csv.epoch: must be one of'],
    ['csv: { rename: { A: amount } }', '7:32', 'csv.rename.A: there is no field of Transaction "amount"'],
    ['csv: { header: [customerId, when] }', '7:22', 'csv.header: the column when is no field of Transaction'],
    ['csv: { header: [customerId] }', '7:22', 'csv.header: there is no column for the field transactionId'],
    ['jsonl: { dateFormat: "%Q" }', '7:24', 'jsonl.dateFormat: "%Q" has %Q, which is not known'],
  ])('may not be %s', (written, place, message) => {
    const text = `${PAYMENTS.replace('windows:\n', '')}    format: { ${written} }\n`;
    expect(problemsOf(text)).toContainEqual(
      expect.stringContaining(`p.yaml:${place}: streams.payments.format.${message}`),
    );
  });
});
