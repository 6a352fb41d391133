/** Request bodies as events and dead letters, in the event loop and in the pool's thread. */

import { execFileSync } from 'node:child_process';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { ISO_TIMES } from '../../src/messages/times.ts';
import { deadLetterType } from '../../src/messages/types.ts';
import { partitionOf } from '../../src/streams/partitioner.ts';
import { createBodyParser } from '../../src/workers/body-parser.ts';
import { startBodyPool } from '../../src/workers/body-pool.ts';
import {
  BODY_BYTES_MAX,
  type BodyEncoding,
  type BodyFormat,
  type BodyShape,
  EVENTS_A_BLOCK,
  type ParsedBody,
  REFUSED_MAX,
} from '../../src/workers/parse-body-protocol.ts';
import { containerFile } from '../sources/container.ts';

const schema: AvroRecord = {
  type: 'record',
  name: 'Click',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'user', type: ['null', 'string'] },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
  ],
};
const type = dynamicEventType(schema);
const shape: BodyShape = { stream: 'clicks', schema, keyField: 'user', times: ISO_TIMES, partitions: 3 };
const parser = createBodyParser(shape);
const pool = startBodyPool();
afterAll(() => pool.close());

function parse(text: string | Uint8Array, format: BodyFormat, encoding: BodyEncoding = 'identity'): ParsedBody {
  return parser.parse({ format, encoding, bytes: Buffer.from(text) });
}

const click = (id: number, user = `u${id % 7}`) => ({ id, user, at: 1_522_540_800_000 + id });

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value * 2;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

/** What is in the blocks: events by partition, and dead letters. */
function contents(parsed: ParsedBody) {
  if (parsed.kind !== 'parsed') throw new Error(JSON.stringify(parsed));
  const events = new Map<number, unknown[]>();
  const letters = [];
  for (const { partition, blocks } of parsed.partitions) {
    for (const block of blocks) {
      expect(block.count).toBeLessThanOrEqual(EVENTS_A_BLOCK);
      if (block.fingerprint === deadLetterType.fingerprint) letters.push(...deadLetterType.decodeBlock(block.bytes));
      else events.set(partition, [...(events.get(partition) ?? []), ...type.decodeBlock(block.bytes)]);
    }
  }
  return { events, letters, all: [...events.values()].flat(), ...parsed.refused, taken: parsed.events };
}

describe('a body', () => {
  test('is the same events as lines, as an array of any layout and as a container, in their partitions', () => {
    const bodies = fc.array(fc.tuple(fc.nat(), fc.string({ unit: 'grapheme' })), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(bodies, fc.integer({ min: 0, max: 2 }), (values, indent) => {
        const events = values.map(([id, user]) => click(id, user));
        const expected = new Map<number, unknown[]>();
        for (const event of events) {
          const partition = partitionOf(event.user, 3);
          expected.set(partition, [...(expected.get(partition) ?? []), event]);
        }
        const lines = events.map((event) => JSON.stringify(event)).join('\r\n');
        for (const body of [
          parse(lines, 'json-lines'),
          parse(lines, 'json'),
          parse(JSON.stringify(events, null, indent), 'json'),
          parse(`\uFEFF${JSON.stringify(events)}`, 'json'),
          parse(containerFile(type, [events.slice(0, 3), events.slice(3)], 'null'), 'avro-container'),
        ]) {
          expect(contents(body).events).toEqual(expected);
        }
      }),
    );
  });

  test('says where each event is that it refuses, with its own bytes, and how many for which reason', () => {
    const good = JSON.stringify(click(1));
    const wrong = '{"id":"x","user":"u","at":0}';
    const late = '{"id":12345678901234567890,"user":"u","at":0}';
    const lines = contents(parse(`${good}\n\n{"broken\n${wrong}\n${good}\n${late}`, 'json-lines'));
    expect([lines.taken, lines.count, lines.reasons]).toEqual([
      2,
      3,
      { 'not-json': 1, 'wrong-type': 1, 'too-large': 1 },
    ]);
    expect(lines.letters.map(({ position, raw }) => [position, String(raw)])).toEqual([
      [3, '{"broken'],
      [4, wrong],
      [6, late],
    ]);
    expect(lines.first.map(({ position, reason }) => [position, reason])).toEqual([
      [3, 'not-json'],
      [4, 'wrong-type'],
      [6, 'too-large'],
    ]);
    const array = contents(parse(`[${good}, ${wrong},\n${good},${late} ]`, 'json'));
    expect(array.letters.map(({ position, raw }) => [position, String(raw)])).toEqual([
      [2, wrong],
      [4, late],
    ]);
  });

  test('of bytes that are not UTF-8 is not taken as if they were', () => {
    const bytes = Buffer.from(JSON.stringify(click(1, 'xx')).replace('xx', '\u00ff\u00fe'), 'latin1');
    const { taken, count } = contents(parse(bytes, 'json-lines'));
    expect([taken, count]).toEqual([0, 1]);
  });

  test('with an array that is no JSON is refused whole, and says where', () => {
    for (const text of ['[{"id":1},', '[{"id":1}{"id":2}]', '[{"id":1},,{"id":2}]', '[{"id":1,}]', '[', '[}']) {
      expect([text, parse(text, 'json')]).toMatchObject([text, { kind: 'unreadable', reason: 'not-json' }]);
    }
    expect(parse('[{"id":1},{"id":}]', 'json')).toMatchObject({ detail: expect.stringContaining('event 2') });
  });

  test('nested deep costs no more than its bytes', () => {
    const deep = Buffer.alloc(BODY_BYTES_MAX, '[');
    // Of the process, not of the clock: other work of the machine is no cost of the parser.
    const before = process.cpuUsage();
    expect(parse(deep, 'json')).toMatchObject({ kind: 'unreadable' });
    expect(contents(parse(deep, 'json-lines')).reasons).toEqual({ 'too-large': 1 });
    const lines = Buffer.alloc(BODY_BYTES_MAX, '[');
    for (let at = 1023 * 1024; at < lines.length; at += 1023 * 1024) lines[at] = 10;
    expect(contents(parse(lines, 'json-lines')).reasons['too-large']).toBeGreaterThan(10);
    // Some 0.6 s on a quiet core; a parser that takes each level for itself needs 12 s.
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(6_000);
    const nested = `{"id":1,"user":"u","at":${'['.repeat(300)}${']'.repeat(300)}}`;
    expect(contents(parse(`[${nested},${JSON.stringify(click(1))}]`, 'json'))).toMatchObject({ taken: 1, count: 1 });
  });

  test('of more refused events than may be is refused as a whole, and costs no more than those', () => {
    const lines = Buffer.alloc(BODY_BYTES_MAX, 'x\n');
    lines.write(JSON.stringify(click(1)));
    const refused = { count: REFUSED_MAX, reasons: { 'not-json': REFUSED_MAX } };
    expect(parse(lines, 'json-lines')).toMatchObject({ kind: 'too-many-refused', refused });
    const some = contents(parse(lines.subarray(0, 2 * REFUSED_MAX), 'json-lines'));
    expect([some.taken, some.letters.length]).toEqual([1, some.count]);
  });

  test('of an empty array or a container without records is no events, and nothing refused', () => {
    for (const body of [
      parse(' [ ] ', 'json'),
      parse('\n\n', 'json-lines'),
      parse(containerFile(type, [], 'null'), 'avro-container'),
    ]) {
      expect(contents(body)).toMatchObject({ taken: 0, count: 0 });
    }
  });

  test('of a container whose key is null is a dead letter for each, as in a file', () => {
    const bytes = containerFile(type, [[click(1), { ...click(2), user: null }]], 'null');
    expect(contents(parse(bytes, 'avro-container'))).toMatchObject({ taken: 1, reasons: { 'null-key': 1 } });
  });

  test('of a container of any codec that is damaged is what came before the damage, and a dead letter of the rest', () => {
    for (const codec of ['null', 'deflate'] as const) {
      const good = containerFile(type, [[click(1)], [click(2)]], codec);
      const start = containerFile(type, [], codec).length;
      const second = (good.length + start) / 2;
      // A count of −1, fewer records than follow, more, a byte of the sync marker, a cut, and bytes behind the last block.
      const counts = [1, 0, 4].map((count) => Buffer.from(good).fill(count, second, second + 1));
      const wrongs = [
        ...counts,
        Buffer.from(good).fill(0, good.length - 1),
        good.subarray(0, -5),
        good.subarray(0, second + 1),
      ];
      for (const wrong of wrongs) {
        const { all, letters, taken, first } = contents(parse(wrong, 'avro-container'));
        expect({ all, taken }).toEqual({ all: [click(1)], taken: 1 });
        expect(letters).toMatchObject([{ reason: 'damaged-block', position: 2, raw: wrong.subarray(second) }]);
        expect(first[0]?.detail).toMatch(/Block 2, at byte \d+ and behind record 1, is damaged/);
      }
      const behind = Buffer.concat([good, Buffer.from('x')]);
      expect(contents(parse(behind, 'avro-container'))).toMatchObject({ taken: 2, reasons: { 'damaged-block': 1 } });
      const alone = Buffer.from(containerFile(type, [[click(1)]], codec)).fill(1, start, start + 1);
      expect(parse(alone, 'avro-container')).toMatchObject({ kind: 'unreadable', reason: 'damaged-block' });
    }
  });

  test('of many dead letters does not keep a long schema with each', () => {
    const user = { name: 'user', type: ['null', 'string'], doc: 'x'.repeat(16_000) };
    const other: AvroRecord = JSON.parse(
      JSON.stringify({ ...schema, fields: [schema.fields[0], user, schema.fields[2]] }),
    );
    const events = Array.from({ length: 5000 }, (_, id) => ({ ...click(id), user: null }));
    const { letters } = contents(parse(containerFile(dynamicEventType(other), [events], 'null'), 'avro-container'));
    expect(letters).toHaveLength(5000);
    expect(letters.reduce((sum, { context }) => sum + context.length, 0)).toBeLessThan(BODY_BYTES_MAX + 1);
    expect(letters[0]?.context).toContain('x'.repeat(16_000));
  });

  test('of a container whose records can be no events is refused in words', () => {
    const other = dynamicEventType({ ...schema, fields: [{ name: 'id', type: 'string' }, ...schema.fields.slice(1)] });
    const parsed = parse(containerFile(other, [[]], 'null'), 'avro-container');
    expect(parsed).toMatchObject({ kind: 'unreadable', reason: 'schema-mismatch' });
    expect(parsed.kind === 'unreadable' && parsed.detail).toMatch(/the field id is written as string .* has long/);
  });

  test('of a few bytes that unpack to more than a container may is too large', () => {
    const bomb = deflateRawSync(Buffer.alloc(60 * 1024 * 1024));
    const head = containerFile(type, [], 'deflate');
    const blocks = [1, 2].map(() => Buffer.concat([Buffer.from([2]), varint(bomb.length), bomb, head.subarray(-16)]));
    const start = process.cpuUsage();
    expect(parse(Buffer.concat([head, ...blocks]), 'avro-container')).toMatchObject({ kind: 'unreadable' });
    expect(process.cpuUsage(start).user / 1000).toBeLessThan(2_000);
  });
});

describe('a packed body', () => {
  const lines = Buffer.from(Array.from({ length: 5000 }, (_, id) => JSON.stringify(click(id))).join('\n'));
  const zstd = (bytes: Buffer, ...options: string[]) =>
    execFileSync('zstd', ['-q', '-c', ...options], { input: bytes, maxBuffer: 1 << 26 });

  test('is unpacked: gzip of one member and of two, deflate with and without its header', () => {
    const whole = contents(parse(lines, 'json-lines')).events;
    const half = Math.floor(lines.length / 2);
    const two = Buffer.concat([gzipSync(lines.subarray(0, half)), gzipSync(lines.subarray(half))]);
    for (const [encoding, bytes] of [
      ['gzip', gzipSync(lines)],
      ['gzip', two],
      ['deflate', deflateSync(lines)],
      ['deflate', deflateRawSync(lines)],
    ] as const) {
      expect(contents(parse(bytes, 'json-lines', encoding)).events).toEqual(whole);
    }
  });

  test.skipIf(!hasZstd())('is unpacked: zstd as the reference encoder writes it', () => {
    const whole = contents(parse(lines, 'json-lines')).events;
    for (const options of [[], ['-1', '--no-check'], ['-19'], ['--ultra', '-22', '--long=24']]) {
      expect(contents(parse(zstd(lines, ...options), 'json-lines', 'zstd')).events).toEqual(whole);
    }
    const half = Math.floor(lines.length / 2);
    const two = Buffer.concat([zstd(lines.subarray(0, half)), zstd(lines.subarray(half))]);
    expect(contents(parse(two, 'json-lines', 'zstd')).events).toEqual(whole);
  });

  test('that would unpack to more than a body may be is too large, before it is', () => {
    const bomb = Buffer.alloc(BODY_BYTES_MAX + 1, 10);
    expect(parse(gzipSync(bomb), 'json-lines', 'gzip')).toEqual({ kind: 'too-large' });
    expect(parse(deflateSync(bomb), 'json-lines', 'deflate')).toEqual({ kind: 'too-large' });
    expect(contents(parse(gzipSync(bomb.subarray(1)), 'json-lines', 'gzip')).taken).toBe(0);
  });

  test.skipIf(!hasZstd())('of zstd is bounded by its output and by the window that it asks for', () => {
    const bomb = Buffer.alloc(BODY_BYTES_MAX + 1, 10);
    expect(parse(zstd(bomb), 'json-lines', 'zstd')).toEqual({ kind: 'too-large' });
    expect(parse(zstd(bomb, '--no-content-size'), 'json-lines', 'zstd')).toEqual({ kind: 'too-large' });
  });

  test('of zstd may not ask for a window of gigabytes', () => {
    // RFC 8878: magic, descriptor 0, window descriptor 21 << 3 (2 GiB), one empty last raw block.
    const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 0x01, 0x00, 0x00]);
    expect(parse(frame, 'json-lines', 'zstd')).toMatchObject({ kind: 'unreadable', reason: 'not-zstd' });
  });

  test('that is damaged or cut off is told by its encoding', () => {
    for (const encoding of ['gzip', 'deflate', 'zstd'] as const) {
      expect(parse(lines, 'json-lines', encoding)).toMatchObject({ kind: 'unreadable', reason: `not-${encoding}` });
    }
    const cut = gzipSync(lines).subarray(0, 1000);
    expect(parse(cut, 'json-lines', 'gzip')).toMatchObject({ kind: 'unreadable', reason: 'not-gzip' });
  });
});

describe('the pool', () => {
  test('gives what the same code gives at once', async () => {
    const text = Array.from({ length: 20_000 }, (_, id) => (id % 9 === 0 ? '{"x' : JSON.stringify(click(id)))).join(
      '\n',
    );
    const parsed = await pool.parse({ shape, body: { format: 'json', encoding: 'identity', bytes: ownBytes(text) } });
    if (parsed === 'busy') throw new Error('busy');
    expect(contents(parsed)).toEqual(contents(parse(text, 'json')));
  });

  test('refuses at once what it has no room for, and answers what it took', async () => {
    const small = startBodyPool({ queue: 2 });
    const text = Array.from({ length: 20_000 }, (_, id) => JSON.stringify(click(id))).join('\n');
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        small.parse({ shape, body: { format: 'json-lines', encoding: 'identity', bytes: ownBytes(text) } }),
      ),
    );
    await small.close();
    const busy = answers.filter((answer) => answer === 'busy').length;
    expect(busy).toBeGreaterThanOrEqual(10 - 2 - 4);
    for (const answer of answers) if (answer !== 'busy') expect(contents(answer).taken).toBe(20_000);
  });

  test('refuses what its thread has no memory for, and goes on', async () => {
    const small = startBodyPool({ heapMb: 16 });
    const nested = `{"id":1,"user":"u","at":1,"x":[${'{},'.repeat(340_000)}[]]}`;
    const parseBytes = (bytes: Buffer) =>
      small.parse({ shape, body: { format: 'json-lines', encoding: 'identity', bytes } });
    expect(await parseBytes(ownBytes(nested))).toEqual({ kind: 'too-large' });
    expect(await parseBytes(ownBytes(JSON.stringify(click(1))))).toMatchObject({ kind: 'parsed', events: 1 });
    await small.close();
  });

  test('gives up what is not parsed in time, and goes on', async () => {
    const hasty = startBodyPool({ timeMs: 1 });
    const bytes = ownBytes(`${JSON.stringify(click(1))}\n`.repeat(200_000));
    expect(await hasty.parse({ shape, body: { format: 'json-lines', encoding: 'identity', bytes } })).toBe('busy');
    await hasty.close();
  });
});

/** As the HTTP side has it: in memory that moves. */
function ownBytes(text: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}

function hasZstd(): boolean {
  try {
    execFileSync('zstd', ['--version']);
    return true;
  } catch {
    return false;
  }
}
