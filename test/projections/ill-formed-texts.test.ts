/** Texts in a journal that are not UTF-8: older versions took them in, and every store goes on. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { shapeOf } from './declared-fixture.ts';
import { createWorld } from './projection-fixture.ts';

const fields = (type: 'string' | 'bytes') => [
  { name: 'id', type: 'string' },
  { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
  { name: 'text', type },
];
const recordOf = (type: 'string' | 'bytes'): AvroRecord =>
  ({ type: 'record', name: 'Order', namespace: 'shop', fields: fields(type) }) as AvroRecord;

test.each(['duckdb', 'sqlite'] as const)(
  '%s has U+FFFD in their place, as the Encoding Standard decodes them',
  async (name) => {
    const asBytes = dynamicEventType(recordOf('bytes'));
    const asText = dynamicEventType(recordOf('string'));
    const part = fc.constantFrom('a', '\0', 'é', '🙂', '\xed\xa0\xbd', '\xff', '\xc3', '日');
    const text = fc.array(part, { maxLength: 12 }).map((parts) => {
      return Buffer.concat(parts.map((own) => Buffer.from(own, /[\xff\xed\xc3]/.test(own) ? 'latin1' : 'utf8')));
    });
    const texts = fc.sample(text, { numRuns: 3000, seed: 11 });
    const world = await createWorld();
    const store = await world.open(name, { streams: [shapeOf(recordOf('string'))] });
    const block = asBytes.encodeBlock(texts.map((own, i) => ({ id: `${i}`, at: i, text: own })));
    await world.appendTo('shop.orders', 0, { ...block, fingerprint: asText.fingerprint });
    await world.project([store]);
    const rows = await store.query('SELECT text FROM "shop.orders" ORDER BY "at" LIMIT 3000');
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    expect(rows.map((row) => row.text)).toEqual(texts.map((own) => decoder.decode(own)));
    expect((await store.digest()).length).toBeGreaterThan(0);
  },
);
