import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RAW_BYTES_MAX } from '../../src/messages/streams.ts';
import { createLineSplitter, MAX_LINE_BYTES } from '../../src/sources/lines.ts';

type Given =
  | { readonly number: number; readonly text: string }
  | { readonly number: number; readonly head: string; readonly length: number };

function split(chunks: readonly Buffer[], maxLineBytes?: number): Given[] {
  const given: Given[] = [];
  const splitter = createLineSplitter(
    {
      line: (bytes, number) => given.push({ number, text: bytes.toString('latin1') }),
      tooLong: (head, length, number) => given.push({ number, head: head.toString('latin1'), length }),
    },
    maxLineBytes,
  );
  for (const chunk of chunks) splitter.push(chunk);
  splitter.end();
  return given;
}

const lines = (...texts: string[]): Given[] => texts.map((text, n) => ({ number: n + 1, text }));
const of = (text: string) => [Buffer.from(text, 'latin1')];

/** Any cut of the bytes into chunks, empty ones among them. */
const cutUp = (bytes: Buffer) =>
  fc.array(fc.nat({ max: bytes.length }), { maxLength: 12 }).map((cuts) => {
    const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
    return edges.slice(1).map((edge, n) => bytes.subarray(edges[n], edge));
  });

describe('lines', () => {
  test.each([
    ['', []],
    ['a', lines('a')],
    ['a\n', lines('a')],
    ['a\nb', lines('a', 'b')],
    ['a\r\nb\r\n', lines('a', 'b')],
    ['a\r\nb\r', lines('a', 'b')],
    ['\n', lines('')],
    ['a\n\n\r\nb\n', lines('a', '', '', 'b')],
    ['a\rb\n', lines('a\rb')],
    ['a\r\r\n', lines('a\r')],
    ['\xef\xbb\xbfa\n\xef\xbb\xbfb\n', lines('a', '\xef\xbb\xbfb')],
    ['\xef\xbb\xbf\r\na', lines('', 'a')],
    ['\xef\xbb', lines('\xef\xbb')],
  ])('of %j are numbered from 1, empty ones too', (text, expected) => {
    expect(split(of(text))).toEqual(expected);
  });

  test('are the same however the bytes are cut into chunks', () => {
    const byte = fc.constantFrom(10, 10, 13, 13, 97, 0xef, 0xbb, 0xbf, 0);
    const input = fc
      .tuple(fc.boolean(), fc.array(byte, { maxLength: 60 }))
      .map(([mark, bytes]) => Buffer.from(mark ? [0xef, 0xbb, 0xbf, ...bytes] : bytes));
    fc.assert(
      fc.property(
        input.chain((bytes) => fc.tuple(fc.constant(bytes), cutUp(bytes))),
        fc.integer({ min: 1, max: 8 }),
        ([bytes, chunks], max) => {
          expect(split(chunks, max)).toEqual(split([bytes], max));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('are what splitting the text at its line ends gives', () => {
    const text = fc.array(fc.constantFrom('\n', '\r\n', 'a', 'é', '🙂', '{"x":1}')).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (input) => {
        const expected = input.split(/\r?\n/);
        if (expected.at(-1) === '') expected.pop();
        const given = split([Buffer.from(input, 'utf8')]).map((line) => ('text' in line ? line.text : ''));
        expect(given.map((line) => Buffer.from(line, 'latin1').toString('utf8'))).toEqual(expected);
      }),
    );
  });

  test('of exactly the cap are taken, with either line end; one byte more is too long', () => {
    expect(split(of('12345\r\n12345\n123456\r\n123456'), 5)).toEqual([
      { number: 1, text: '12345' },
      { number: 2, text: '12345' },
      { number: 3, head: '123456', length: 6 },
      { number: 4, head: '123456', length: 6 },
    ]);
  });

  test('that are too long keep 64 KiB of their head and their exact length, and the next line follows', () => {
    const long = Buffer.alloc(MAX_LINE_BYTES + 1, 'x');
    const given = split([
      Buffer.from('a\n'),
      long.subarray(0, 700_000),
      long.subarray(700_000),
      Buffer.from('\r\nb\n'),
    ]);
    expect(given).toEqual([
      { number: 1, text: 'a' },
      { number: 2, head: 'x'.repeat(RAW_BYTES_MAX), length: MAX_LINE_BYTES + 1 },
      { number: 3, text: 'b' },
    ]);
  });

  test('of 100 MB are one rejection and are never held', () => {
    const chunk = Buffer.alloc(65_536, 'y');
    const chunks = 1600;
    let peak = 0;
    const given: number[] = [];
    const splitter = createLineSplitter({
      line: () => {},
      tooLong: (_, length) => given.push(length),
    });
    const before = process.memoryUsage().arrayBuffers;
    for (let n = 0; n < chunks; n++) {
      splitter.push(chunk);
      peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
    }
    splitter.push(Buffer.from('\n'));
    expect(given).toEqual([chunk.length * chunks]);
    // The cap, and its copy while the buffer doubles.
    expect(peak).toBeLessThan(8 * MAX_LINE_BYTES);
  });
});
