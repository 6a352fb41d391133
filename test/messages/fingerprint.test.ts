import { describe, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { dynamicEventType } from '../../src/messages/codec.ts';
import { rabinFingerprint } from '../../src/messages/fingerprint.ts';

/** Canonical forms and CRC-64-AVRO fingerprints, as Apache Avro publishes them in share/test/data/schema-tests.txt. */
const PUBLISHED: readonly (readonly [canonical: string, fingerprint: bigint])[] = [
  ['"null"', 7195948357588979594n],
  ['"boolean"', -6970731678124411036n],
  ['"int"', 8247732601305521295n],
  ['"long"', -3434872931120570953n],
  ['"float"', 5583340709985441680n],
  ['"double"', -8181574048448539266n],
  ['"bytes"', 5746618253357095269n],
  ['"string"', -8142146995180207161n],
  ['[]', -1241056759729112623n],
  ['["int"]', -5232228896498058493n],
  ['["int","boolean"]', 5392556393470105090n],
  ['{"name":"foo","type":"record","fields":[]}', -4824392279771201922n],
  ['{"name":"x.y.foo","type":"record","fields":[]}', 5916914534497305771n],
  ['{"name":"foo","type":"enum","symbols":["A1"]}', -6342190197741309591n],
  ['{"name":"x.y.z.foo","type":"enum","symbols":["A1","A2"]}', -4448647247586288245n],
  ['{"name":"foo","type":"fixed","size":15}', 1756455273707447556n],
  ['{"type":"array","items":"null"}', -589620603366471059n],
  ['{"type":"map","values":"string"}', -8732877298790414990n],
];

/** The same file's record schemas, before they are brought into canonical form. */
const RECORDS: readonly (readonly [schema: AvroRecord, fingerprint: bigint])[] = [
  [{ fields: [], type: 'record', name: 'foo' }, -4824392279771201922n],
  [{ fields: [], type: 'record', name: 'foo', namespace: 'x.y' }, 5916914534497305771n],
  [{ fields: [], type: 'record', name: 'a.b.foo', namespace: 'x.y' }, -4616218487480524110n],
  [{ fields: [], type: 'record', name: 'foo', doc: 'Useful info' }, -4824392279771201922n],
  [{ fields: [{ type: 'boolean', name: 'f1' }], type: 'record', name: 'foo' }, 7843277075252814651n],
  [
    {
      fields: [
        { type: 'boolean', name: 'f1', default: true },
        { name: 'f2', doc: 'Hello', type: 'int' },
      ],
      type: 'record',
      name: 'foo',
    },
    -4860222112080293046n,
  ],
];

const hex = (fingerprint: bigint): string => BigInt.asUintN(64, fingerprint).toString(16).padStart(16, '0');

test.each(PUBLISHED)('%s has the fingerprint that Apache Avro publishes', (canonical, fingerprint) => {
  expect(rabinFingerprint(canonical)).toBe(hex(fingerprint));
});

test.each(RECORDS)('%o is brought into canonical form and has the published fingerprint', (schema, fingerprint) => {
  expect(dynamicEventType(schema).fingerprint).toBe(hex(fingerprint));
});

describe('the canonical form', () => {
  const enumField = { type: 'enum', name: 'State', symbols: ['on', 'off'] } as const;
  const bare = (fields: AvroRecord['fields']): AvroRecord => ({ type: 'record', name: 'R', namespace: 'a.b', fields });

  test('qualifies nested names and leaves out docs, defaults and logical types', () => {
    const schema = bare([
      { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' }, doc: 'When.' },
      { name: 'state', type: { ...enumField, default: 'on' } },
    ]);
    const canonical =
      '{"name":"a.b.R","type":"record","fields":[{"name":"at","type":"long"},' +
      '{"name":"state","type":{"name":"a.b.State","type":"enum","symbols":["on","off"]}}]}';
    expect(dynamicEventType(schema).fingerprint).toBe(rabinFingerprint(canonical));
  });

  test('tells apart the order of symbols and of fields', () => {
    const a = { name: 'a', type: 'int' } as const;
    const b = { name: 'b', type: 'int' } as const;
    const swapped = { ...enumField, symbols: ['off', 'on'] };
    const fingerprints = [
      bare([a, b]),
      bare([b, a]),
      bare([{ name: 's', type: enumField }]),
      bare([{ name: 's', type: swapped }]),
    ].map((schema) => dynamicEventType(schema).fingerprint);
    expect(new Set(fingerprints).size).toBe(4);
  });
});
