/** Texts that are not Unicode: refused where they come in, and never written as they are. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { createJsonDecoder } from '../../src/messages/json.ts';

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
        for (const event of [{ text }, { text, raw }]) {
          const own = 'raw' in event ? bytesType : flatType;
          const writer = own.blockWriter();
          writer.push(event);
          const written = [own.encodeBlock([event]).bytes, writer.take()?.bytes ?? raw];
          for (const bytes of written) {
            const read = own.decodeBlock(bytes);
            expect(read).toEqual([{ ...event, text: Buffer.from(text, 'utf8').toString('utf8') }]);
          }
        }
      }),
    );
  });
});
