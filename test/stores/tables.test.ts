/** Tables of a PostgreSQL store: their types, their rows, and how they follow the streams. */
import { expect, test } from 'vitest';
import { millrace } from '../integration/millrace.ts';
import { AT, declareStream, place } from './postgres.ts';

const nullable = (name: string, type: unknown) => ({ name, type: ['null', type], default: null });

test('every type of Avro is one of PostgreSQL, and every value is exact', async () => {
  const at = place();
  const fields = [
    { name: 'id', type: 'string' },
    AT,
    nullable('whole', 'long'),
    nullable('small', 'float'),
    nullable('price', { type: 'bytes', logicalType: 'decimal', precision: 30, scale: 4 }),
    nullable('moment', { type: 'long', logicalType: 'timestamp-micros' }),
    nullable('wall', { type: 'long', logicalType: 'local-timestamp-micros' }),
    nullable('day', { type: 'int', logicalType: 'date' }),
    nullable('hour', { type: 'long', logicalType: 'time-micros' }),
    nullable('uuid', { type: 'string', logicalType: 'uuid' }),
    nullable('raw', 'bytes'),
    { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['one', 'two'] }, default: 'one' },
    { name: 'numbers', type: { type: 'array', items: ['null', 'long'] }, default: [] },
    nullable('more', { type: 'map', values: 'double' }),
    nullable('inner', { type: 'record', name: 'Inner', fields: [{ name: 'order', type: 'boolean' }] }),
  ];
  at.write(declareStream(at, 'things', fields), '[things]');
  const { code, stderr } = await at.run('things', [
    {
      id: 'ä',
      at: '1969-12-31T23:59:59.999Z',
      whole: '9223372036854775807n',
      small: 0.5,
      price: '-12345678901234567890.1230',
      moment: '4000-01-01T00:00:00.000001Z',
      wall: '1582-10-15T12:00:00.5',
      day: '1600-02-29',
      hour: '23:59:59.999999',
      uuid: '123e4567-e89b-12d3-a456-426614174000',
      raw: '\u0000ÿ',
      kind: 'two',
      numbers: [1, null, -3],
      more: { a: 1.5 },
      inner: { order: true },
    },
    { id: 'empty', at: 0, price: '0.0000', numbers: [] },
  ]);
  expect(stderr).toContain('in = committed + dead letters');
  expect(code).toBe(0);
  expect(
    at.sql(`SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
    WHERE attrelid = 'things'::regclass AND attnum > 0 ORDER BY attnum`),
  ).toEqual([
    'id|text',
    'at|timestamp with time zone',
    'whole|bigint',
    'small|real',
    'price|numeric(30,4)',
    'moment|timestamp with time zone',
    'wall|timestamp without time zone',
    'day|date',
    'hour|time without time zone',
    'uuid|uuid',
    'raw|bytea',
    'kind|things_kind',
    'numbers|bigint[]',
    'more|jsonb',
    'inner.order|boolean',
    'millrace_partition|integer',
    'millrace_offset|bigint',
  ]);
  expect(at.sql("SET timezone = 'UTC'; SELECT * FROM things ORDER BY at")).toEqual([
    [
      ...['ä', '1969-12-31 23:59:59.999+00', '9223372036854775807', '0.5', '-12345678901234567890.1230'],
      ...['4000-01-01 00:00:00.000001+00', '1582-10-15 12:00:00.5', '1600-02-29', '23:59:59.999999'],
      ...['123e4567-e89b-12d3-a456-426614174000', '\\x00ff', 'two', '{1,NULL,-3}', '{"a": 1.5}', 't', '0', '0'],
    ].join('|'),
    'empty|1970-01-01 00:00:00+00|||0.0000|||||||one|{}|||0|1',
  ]);
});

test('a row that PostgreSQL has no place for is refused with its reason, and the others are there', async () => {
  const at = place();
  at.write(declareStream(at, 'things', [{ name: 'id', type: 'string' }, AT, { name: 'n', type: 'int' }]), '[things]');
  const lines = [
    { id: 'first', at: 1, n: 1 },
    { id: 'a\u0000b', at: 2, n: 2 },
    { id: 'last', at: 4, n: 4 },
  ];
  expect((await at.run('things', lines)).code).toBe(0);
  expect(at.sql('SELECT id FROM things ORDER BY at')).toEqual(['first', 'last']);
  // A rule that somebody else gave the table: only the server knows it.
  at.sql('ALTER TABLE things ADD CONSTRAINT small CHECK (n < 100)');
  const more = Array.from({ length: 40 }, (_, i) => ({
    id: `more ${i}`,
    at: 10 + i,
    n: i === 7 || i === 33 ? 100 : i,
  }));
  expect((await at.run('things', [...lines, ...more])).code).toBe(0);
  expect(at.sql('SELECT count(*), count(*) FILTER (WHERE n >= 100) FROM things')).toEqual(['40|0']);
  expect(at.sql('SELECT reason FROM millrace_refused ORDER BY log_offset')).toEqual([
    'id has a text with the character U+0000, which PostgreSQL has no place for',
    expect.stringContaining('violates check constraint "small"'),
    expect.stringContaining('violates check constraint "small"'),
  ]);
});

test('windows are upserted by key and time, and a correction takes the place of what it corrects', async () => {
  const at = place();
  const stream = declareStream(
    at,
    'clicks',
    [{ name: 'id', type: 'string' }, AT, { name: 'n', type: 'int' }],
    ', watermark: scripted',
  );
  at.write(
    `${stream}\nwindows:\n  sums: { stream: clicks, window: { tumbling: 3s }, allowedLateness: 1h, aggregate: { n: count(), total: sum(n) } }
  all: { stream: clicks, key: null, window: { tumbling: 3s }, allowedLateness: 1h, aggregate: { total: sum(n) } }`,
    '[sums, all, sums.late, clicks.dead-letters]',
  );
  const { code, stderr } = await at.run('clicks', [
    { id: 'a', at: 1000, n: 1 },
    { $watermark: 3000 },
    { id: 'a', at: 2000, n: 5 },
    { nonsense: true },
  ]);
  expect([code, stderr]).toEqual([0, expect.stringContaining('in = committed')]);
  expect(at.sql('SELECT key, revision, n, total FROM sums')).toEqual(['a|1|2|6']);
  expect(at.sql('SELECT key IS NULL, revision, total FROM "all"')).toEqual(['t|1|6']);
  expect(at.sql('SELECT reason FROM clicks_dead_letters')).toEqual(['missing-field']);
});

test('a replay makes the same tables again, and a table that is new is filled from the start', async () => {
  const at = place();
  const stream = declareStream(
    at,
    'orders',
    [{ name: 'id', type: 'string' }, AT, { name: 'n', type: 'int' }],
    ', partitions: 2',
  );
  at.write(stream, '[orders]');
  const lines = Array.from({ length: 500 }, (_, i) => ({ id: `k${i % 50}`, at: i, n: i }));
  expect((await at.run('orders', lines)).code).toBe(0);
  const digest = async () => {
    const { stdout } = await millrace(['digest', '--config', at.config, '--data', at.data]);
    return stdout.split('\n').filter((line) => line.includes('warehouse.'));
  };
  const before = await digest();
  expect(before).toEqual([expect.stringMatching(/ 500 {2}warehouse\.orders$/)]);
  expect((await millrace(['replay', '--projection', 'warehouse', '--config', at.config, '--data', at.data])).code).toBe(
    0,
  );
  expect(await digest()).toEqual(before);

  at.write(stream, '{ orders: {}, orders.dead-letters: {} }');
  expect((await at.run('orders', [...lines, { id: 'k1', at: 999, n: 1 }])).code).toBe(0);
  expect(at.sql('SELECT count(*) FROM orders')).toEqual(['501']);
  expect(at.sql("SELECT count(DISTINCT next) FROM millrace_offsets WHERE log = 'orders-0'")).toEqual(['1']);
});

test('an upserted stream has the newest event of each key, and a tombstone takes its row away', async () => {
  const at = place();
  const fields = [{ name: 'id', type: 'string' }, AT, { name: 'n', type: 'int' }];
  const stream = declareStream(at, 'orders', fields);
  // Deletions are kept of a stream that is used as a table.
  const join = 'joins:\n  own: { left: visits, table: orders, type: left }';
  at.write(
    `${stream}\n  visits: { schema: ./orders.avsc, key: id, eventTime: at }\n${join}`,
    '{ orders: { mode: upsert } }',
  );
  const first = [
    { id: 'a', at: 10, n: 1 },
    { id: 'a', at: 30, n: 3 },
    { id: 'a', at: 20, n: 2 },
    { id: 'b', at: 10, n: 1 },
    { $tombstone: true, id: 'b', at: 40 },
    { id: 'b', at: 35, n: 9 },
    { id: 'c', at: 10, n: 1 },
    { $tombstone: true, id: 'c', at: 40 },
    { id: 'c', at: 50, n: 5 },
  ];
  expect((await at.run('orders', first)).code).toBe(0);
  expect(at.sql('SELECT id, n FROM orders ORDER BY id')).toEqual(['a|3', 'c|5']);
  // In another transaction: an older event does not bring a deleted row back, a newer one does.
  expect((await at.run('orders', [...first, { id: 'b', at: 36, n: 8 }, { id: 'a', at: 29, n: 7 }])).code).toBe(0);
  expect(at.sql('SELECT id, n FROM orders ORDER BY id')).toEqual(['a|3', 'c|5']);
});

test('tables follow their schemas: a new field with its default, a wider number, another symbol', async () => {
  const at = place();
  const kind = (...symbols: string[]) => ({
    name: 'kind',
    type: { type: 'enum', name: 'Kind', symbols },
    default: 'one',
  });
  const id = { name: 'id', type: 'string' };
  at.write(declareStream(at, 'things', [id, AT, { name: 'n', type: 'int' }, kind('one')]), '[things]');
  const first = { id: 'a', at: 1, n: 1 };
  expect((await at.run('things', [first])).code).toBe(0);
  const fields = [id, AT, { name: 'n', type: 'long' }, kind('one', 'two'), { name: 'more', type: 'int', default: 7 }];
  at.write(declareStream(at, 'things', fields), '[things]');
  expect((await at.run('things', [first, { id: 'b', at: 2, n: '9007199254740993n', kind: 'two', more: 8 }])).code).toBe(
    0,
  );
  expect(at.sql('SELECT id, n, kind, more FROM things ORDER BY at')).toEqual(['a|1|one|7', 'b|9007199254740993|two|8']);
});

test('months are partitions with a BRIN index, and those that are too old are dropped', async () => {
  const at = place();
  at.write(
    declareStream(at, 'things', [{ name: 'id', type: 'string' }, AT]),
    '{ things: { partition: month, retention: 40d } }',
  );
  const days = ['2026-01-31T23:59:59.999Z', '2026-02-01T00:00:00Z', '2026-03-05T00:00:00Z', '2026-04-01T00:00:00Z'];
  expect(
    (
      await at.run(
        'things',
        days.map((day, i) => ({ id: `${i}`, at: day })),
      )
    ).code,
  ).toBe(0);
  const parts = "SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'things'::regclass ORDER BY 1::text";
  expect(at.sql(parts)).toEqual(['things_y2026m02', 'things_y2026m03', 'things_y2026m04']);
  expect(at.sql('SELECT id FROM things ORDER BY at')).toEqual(['1', '2', '3']);
  expect(at.sql("SELECT indexdef ~ 'USING brin' FROM pg_indexes WHERE tablename = 'things_y2026m03'")).toEqual(['t']);
});
