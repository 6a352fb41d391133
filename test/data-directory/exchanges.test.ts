/** Which exchanges a pipeline has: their names, keys and partitions, in a new data directory and in one of before. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import type { KnownExchanges } from '../../src/config/declared-operator.ts';
import { loadConfig } from '../../src/config/load.ts';
import { exchangesOf, knownExchanges } from '../../src/data-directory/exchanges.ts';
import { nodeSyncFs } from '../../src/journal/sync-fs.ts';

const FIXTURE = fileURLToPath(new URL('../fixtures/data-399f744', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'millrace-exchanges-'));
afterAll(() => rmSync(directory, { recursive: true }));

function planned(file: string, known?: KnownExchanges) {
  return exchangesOf(loadConfig(file, {}), known).map(({ exchange, derivation }) => ({
    name: exchange.name.replace(/-[0-9a-f]{8}$/, '-HASH'),
    partitions: exchange.partitions,
    keys: exchange.inputs.map(({ stream, key }) => `${stream} by ${key}`),
    operators: derivation.operators.map(({ name }) => name),
    logs: derivation.inputs.map(({ channels }) => channels?.length),
  }));
}

function pipeline(text: string): string {
  writeFileSync(join(directory, 'click.avsc'), readFileSync(join(FIXTURE, 'click.avsc')));
  const file = join(directory, 'pipeline.yaml');
  writeFileSync(file, text);
  return file;
}

const STREAMS = `
streams:
  clicks: { schema: ./click.avsc, key: userId, eventTime: occurredAt, partitions: 4, watermark: { outOfOrderness: 1s } }
  views: { schema: ./click.avsc, key: userId, eventTime: occurredAt, partitions: 2, watermark: { outOfOrderness: 1s } }
derived:
  large: { stream: clicks, where: amount > 50, select: { who: userId, what: page } }
joins:
  seen: { left: clicks, right: views, on: page, within: 1s }
`;
const WINDOW = 'window: { tumbling: 1m }, aggregate: { n: count() }';

test('share one by their key, on as many partitions as their stream has, of a join on those of its larger side', () => {
  const file = pipeline(`${STREAMS}
windows:
  own: { stream: clicks, ${WINDOW} }
  pages: { stream: clicks, key: page, ${WINDOW} }
  longer: { stream: clicks, key: page, window: { tumbling: 1h }, aggregate: { n: count() } }
  all: { stream: clicks, key: null, ${WINDOW} }
  top: { stream: clicks, ${WINDOW}, top: { by: n, limit: 3 } }
  large_pages: { stream: large, key: what, ${WINDOW} }
  all_large: { stream: large, key: null, ${WINDOW} }
  session: { stream: clicks, key: null, window: { session: 1m }, aggregate: { n: count() } }
  early: { stream: large, key: null, window: { tumbling: 1m }, early: 10s, aggregate: { n: count() } }
  seen_by: { stream: seen, key: left.userId, ${WINDOW} }
`);
  expect(planned(file)).toEqual([
    { name: 'clicks.by.page', partitions: 4, keys: ['clicks by page'], operators: ['pages', 'longer'], logs: [4] },
    { name: 'clicks.all.all-HASH', partitions: 1, keys: ['clicks by null'], operators: ['all'], logs: [4] },
    { name: 'clicks.all.top-HASH', partitions: 1, keys: ['clicks by null'], operators: ['top'], logs: [4] },
    { name: 'large.by.what', partitions: 4, keys: ['clicks by what'], operators: ['large_pages'], logs: [4] },
    { name: 'clicks.all.all_large-HASH', partitions: 1, keys: ['clicks by null'], operators: ['all_large'], logs: [4] },
    { name: 'clicks.all', partitions: 1, keys: ['clicks by null'], operators: ['session', 'early'], logs: [4] },
    { name: 'seen', partitions: 4, keys: ['clicks by page', 'views by page'], operators: ['seen'], logs: [4, 2] },
    { name: 'seen.by.left.userId', partitions: 4, keys: ['seen by left.userId'], operators: ['seen_by'], logs: [4] },
  ]);
});

test('go by sums in a log of its own for each window that can, and by those of another log once it sums up otherwise', () => {
  const logOf = (window: string, known?: KnownExchanges): string | undefined =>
    exchangesOf(
      loadConfig(pipeline(`${STREAMS}\nwindows:\n  all: { stream: clicks, key: null, ${window} }`), {}),
      known,
    )
      .map(({ exchange, derivation }) => `${exchange.name} ${derivation.sumsUp}`)
      .find((each) => each.startsWith('clicks.all'));
  const own = logOf(WINDOW);
  expect(own).toMatch(/^clicks\.all\.all-[0-9a-f]{8} true$/);
  expect(logOf(`${WINDOW}, allowedLateness: 5s, having: n > 1`)).toBe(own);
  for (const other of [`${WINDOW}, where: page = 'a'`, WINDOW.replace('1m', '2m'), WINDOW.replace('()', '(page)')]) {
    expect(logOf(other)).not.toBe(own);
  }
  const known = { partitionsOf: () => 1, windowsOf: (name: string) => (name === 'clicks.all' ? ['all'] : []) };
  expect(logOf(WINDOW, known)).toBe('clicks.all undefined');
});

test('keep the partitions that they began with', () => {
  const file = pipeline(`${STREAMS}
windows:
  pages: { stream: clicks, key: page, ${WINDOW} }
  seen_by: { stream: seen, key: left.userId, ${WINDOW} }
`);
  const known = { partitionsOf: (name: string) => ({ seen: 2, 'clicks.by.page': 3 })[name], windowsOf: () => [] };
  expect(planned(file, known).map(({ name, partitions, logs }) => ({ name, partitions, logs }))).toEqual([
    { name: 'clicks.by.page', partitions: 3, logs: [4] },
    { name: 'seen', partitions: 2, logs: [4, 2] },
    { name: 'seen.by.left.userId', partitions: 2, logs: [2] },
  ]);
});

test('go on with the one log that a version before them wrote, for the windows that it was for', () => {
  const known = knownExchanges(join(FIXTURE, 'kinds-run'), nodeSyncFs);
  const text = readFileSync(join(FIXTURE, 'kinds-run.yaml'), 'utf8');
  const more = text.replace('joins:', `  new_by_page: { stream: clicks, key: page, ${WINDOW} }\njoins:`);
  for (const name of ['payment.avsc', 'user.avsc']) {
    writeFileSync(join(directory, name), readFileSync(join(FIXTURE, name)));
  }
  const names = planned(pipeline(more), known).map(({ name, partitions, operators }) => [name, partitions, operators]);
  expect(names).toEqual([
    ['clicks.repartition', 1, ['everyone', 'by_page']],
    ['clicks.by.page', 2, ['new_by_page']],
    ['paid', 1, ['paid']],
    ['known', 1, ['known']],
  ]);
});

test('have what a source scatters by its own key, in the order that any partitioning gives', () => {
  const text = (source: string): string => `
kafka: { brokers: ["k:1"] }
streams:
  clicks:
    { schema: ./click.avsc, key: userId, eventTime: occurredAt, partitions: 4, source: { kafka: { topic: c, ${source} } } }
derived:
  large: { stream: clicks, where: amount > 50, select: { userId: userId, page: page } }
windows:
  own: { stream: clicks, ${WINDOW} }
  own_large: { stream: large, ${WINDOW} }
features:
  user: { stream: clicks, window: 1h, aggregate: { n: count() } }
`;
  expect(planned(pipeline(text('repartition: false')))).toEqual([]);
  expect(planned(pipeline(text('repartition: true')))).toEqual([
    { name: 'clicks.by.userId', partitions: 4, keys: ['clicks by userId'], operators: ['own'], logs: [4] },
    { name: 'large.by.userId', partitions: 4, keys: ['clicks by userId'], operators: ['own_large'], logs: [4] },
    { name: 'clicks.features', partitions: 4, keys: ['clicks by userId'], operators: ['clicks.features'], logs: [4] },
  ]);
});

test('have logs that no stream has', () => {
  const file = pipeline(`
streams:
  clicks: { schema: ./click.avsc, key: userId, eventTime: occurredAt, watermark: { outOfOrderness: 1s } }
  clicks.by.page: { schema: ./click.avsc, key: userId, eventTime: occurredAt, watermark: { outOfOrderness: 1s } }
windows:
  pages: { stream: clicks, key: page, ${WINDOW} }
`);
  expect(() => loadConfig(file, {})).toThrow(ConfigError);
  expect(() => loadConfig(file, {})).toThrow('clicks.by.page needs another name');
});
