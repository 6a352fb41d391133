/** Avro files of other writers, through the whole pipeline. */
import { expect, test } from 'vitest';
import { block, fixture, header, long, record, sized } from '../messages/container-fixture.ts';
import { runFile } from './format-run.ts';

const MICROS = 1_522_540_831_123_456;
const written = record(
  ['k', ['null', 'string']],
  ['t', ['null', { type: 'long', logicalType: 'timestamp-micros' }]],
  ['x', ['double', 'string', 'null']],
);
const text = (own: string) => Buffer.concat([long(1), sized(own)]);
const time = (micros: number) => Buffer.concat([long(1), long(micros)]);
const real = (value: number) => {
  const bytes = Buffer.alloc(9);
  bytes.writeDoubleLE(value, 1);
  return bytes;
};
const NULL = long(0);
const fields = [{ name: 'x', type: ['null', 'double'] }];
const RECORDS: readonly (readonly Buffer[])[] = [
  [text('a'), time(MICROS), real(1.5)],
  [text('b'), NULL, real(1)],
  [NULL, time(1), real(1)],
  [text('c'), time(-1), real(Number.POSITIVE_INFINITY)],
  [text('d'), time(0), Buffer.concat([long(1), sized('no number')])],
  [text('e'), time(1000), long(2)],
  [text('\u00e9'), time(2000), real(2)],
];
const datum = (parts: readonly Buffer[]) => Buffer.concat(parts);

test.each([1, 2, 4])(
  'each record is an event of the stream or one dead letter with its own bytes, on %i partitions',
  async (partitions) => {
    const blocks = [RECORDS.slice(0, 3), RECORDS.slice(3)].map((own) =>
      block(own.length, Buffer.concat(own.map(datum))),
    );
    const file = Buffer.concat([header(written), ...blocks]);
    const { events, deadLetters, summary } = await runFile('in.avro', file, { fields, partitions });
    expect([...events].sort((one, other) => String(one.k).localeCompare(String(other.k)))).toEqual([
      { k: 'a', t: 1_522_540_831_123, x: 1.5 },
      { k: 'c', t: -1, x: null },
      { k: 'e', t: 1, x: null },
      { k: 'é', t: 2, x: 2 },
    ]);
    expect(deadLetters.map(({ reason, position }) => [position, reason])).toEqual([
      [2, 'wrong-type'],
      [3, 'null-key'],
      [5, 'wrong-type'],
    ]);
    expect(deadLetters.map(({ detail }) => detail)).toEqual([
      't must be long of timestamp-millis: found null',
      'k is the key and is null',
      'x must be union of null, double: found string',
    ]);
    expect(deadLetters.map(({ raw }) => raw)).toEqual([1, 2, 4].map((i) => datum(RECORDS[i]!).toString('utf8')));
    expect(summary).toMatchObject({ in: 7, committed: 4, deadLetters: 3 });
  },
);

test('a damaged block ends the run in words, and what came before it stays', async () => {
  const good = block(1, datum(RECORDS[0]!));
  const file = Buffer.concat([header(written), good, block(-1, datum(RECORDS[0]!))]);
  await expect(runFile('in.avro', file, { fields })).rejects.toThrow(
    /in\.avro: Block 2, at byte \d+ and behind record 1, is damaged: it claims -1 records/,
  );
});

test('a file whose times have no zone is refused, naming the field and both types', async () => {
  const local = record(['k', 'string'], ['t', { type: 'long', logicalType: 'local-timestamp-micros' }]);
  await expect(runFile('in.avro', header(local))).rejects.toThrow(
    /the field t is written as long of local-timestamp-micros .* has long of timestamp-millis: there is no exact conversion/,
  );
});

test('codecs that are not read are named with those that are', async () => {
  await expect(runFile('in.avro', fixture('kinds.bzip2.avro'))).rejects.toThrow(
    /bzip2.*null, deflate, snappy, zstandard/,
  );
});
