/** Texts that are not Unicode: refused where they come in, and never written as they are. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { createJsonDecoder } from '../../src/messages/json.ts';
import { illFormedTextsRead } from '../../src/messages/well-formed.ts';

const schema = {
  type: 'record',
  name: 'Note',
  fields: [
    { name: 'key', type: 'string' },
    { name: 'text', type: ['null', 'string'], default: null },
    { name: 'list', type: { type: 'array', items: 'string' }, default: [] },
    { name: 'map', type: { type: 'map', values: 'string' }, default: {} },
    { name: 'inner', type: { type: 'record', name: 'Inner', fields: [{ name: 'text', type: 'string', default: '' }] } },
  ],
} as const satisfies AvroRecord;

const json = createJsonDecoder(schema, 'key');
const type = dynamicEventType(schema);
/** Code units of any kind: pairs, halves of pairs, ASCII, U+FFFD itself, NUL. */
const anyText = fc
  .array(fc.constantFrom('a', 'é', '\ud83d\ude42', '\ud83d', '\ude42', '\uFFFD', '\0', '日'), { maxLength: 90 })
  .map((parts) => parts.join(''));
/** The definition of the Unicode Standard, 3.9: what UTF-8 can encode, comes back. */
const isUnicode = (text: string) => Buffer.from(text, 'utf8').toString('utf8') === text;

const PLACES = [
  ['the key', 'key', (text: string) => ({ key: text })],
  ['a field', 'text', (text: string) => ({ key: 'k', text })],
  ['a list', 'list[1]', (text: string) => ({ key: 'k', list: ['', text] })],
  ['a value of a map', 'map.m', (text: string) => ({ key: 'k', map: { m: text } })],
  ['a key of a map', 'map.', (text: string) => ({ key: 'k', map: { [text]: '' } })],
  ['a record', 'inner.text', (text: string) => ({ key: 'k', inner: { text } })],
] as const;

describe.each(PLACES)('a text as %s', (_, path, eventOf) => {
  test('is taken as it is when it is Unicode, and refused when it is not', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const event = { inner: {}, ...eventOf(text) };
        for (const decoded of [json.line(JSON.stringify(event)), json.value(event)]) {
          if (!isUnicode(text)) {
            expect(decoded).toMatchObject({ ok: false, reason: 'not-unicode' });
            expect(decoded).toHaveProperty('detail', expect.stringContaining(path));
          } else if (!decoded.ok) throw new Error(decoded.detail);
          else expect(type.decode(type.encode(decoded.event))).toMatchObject(eventOf(text));
        }
      }),
    );
  });
});

describe('what is written', () => {
  test('is UTF-8, with U+FFFD for half a pair, on each way that a text can take', () => {
    const bytesType = dynamicEventType({
      type: 'record',
      name: 'A',
      fields: [
        { name: 'text', type: 'string' },
        { name: 'raw', type: 'bytes' },
      ],
    });
    const flatType = dynamicEventType({ type: 'record', name: 'A', fields: [{ name: 'text', type: 'string' }] });
    fc.assert(
      fc.property(anyText, (text) => {
        const raw = Buffer.alloc(0);
        const before = illFormedTextsRead();
        for (const event of [{ text }, { text, raw }]) {
          const own = 'raw' in event ? bytesType : flatType;
          const writer = own.blockWriter();
          writer.push(event);
          const written = [own.encodeBlock([event]).bytes, writer.take()?.bytes ?? raw];
          for (const bytes of written) {
            const read = own.decodeBlock(bytes);
            expect(read).toEqual([{ ...event, text: Buffer.from(text, 'utf8').toString('utf8') }]);
            expect(illFormedTextsRead()).toBe(before);
          }
        }
      }),
    );
  });
});

test('texts whose bytes are not UTF-8 are counted as they are read, map keys too, and no others', () => {
  const bytes = fc.uint8Array({ maxLength: 8 }).map((own) => Buffer.from(own));
  const given = dynamicEventType({
    type: 'record',
    name: 'A',
    fields: [
      { name: 'text', type: 'bytes' },
      { name: 'rest', type: 'bytes' },
    ],
  });
  const asText = dynamicEventType({
    type: 'record',
    name: 'A',
    fields: [
      { name: 'text', type: 'string' },
      { name: 'rest', type: 'string' },
    ],
  });
  const asMap = dynamicEventType({
    type: 'record',
    name: 'A',
    fields: [{ name: 'map', type: { type: 'map', values: 'null' } }],
  });
  const isText = (own: Buffer) => Buffer.from(own.toString('utf8'), 'utf8').equals(own);
  fc.assert(
    fc.property(
      fc.oneof(
        bytes,
        anyText.map((text) => Buffer.from(text)),
      ),
      bytes,
      (text, rest) => {
        const encoded = given.encode({ text, rest });
        let before = illFormedTextsRead();
        asText.decode(encoded);
        expect(illFormedTextsRead() - before).toBe(Number(!isText(text)) + Number(!isText(rest)));
        if (text.length > 60) return;
        before = illFormedTextsRead();
        asMap.decode(Buffer.concat([Buffer.from([2, text.length * 2]), text, Buffer.from([0])]));
        expect(illFormedTextsRead() - before).toBe(Number(!isText(text)));
      },
    ),
    { numRuns: 500 },
  );
});
