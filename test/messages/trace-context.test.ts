/** Places in traces: which headers name one, and what several batches come to as one. */
import { describe, expect, it } from 'vitest';
import { together } from '../../src/actors/gathered.ts';
import { distinctContexts, handoverOf, traceContextOf } from '../../src/messages/trace-context.ts';
import { traceOf } from '../../src/sources/kafka/record-traces.ts';

const parent = (n: number): string => `00-${n.toString(16).padStart(32, '0')}-00f067aa0ba902b7-01`;
const record = (offset: number, headers?: Record<string, Buffer | string | Buffer[]>) => ({
  offset,
  timestamp: 0,
  key: null,
  value: Buffer.from('v'),
  ...(headers === undefined ? {} : { headers }),
});

describe('a place in a trace', () => {
  it('is what the header of W3C has, of a later version too, and nothing else', () => {
    for (const text of [parent(1), `cc${parent(1).slice(2)}-what-a-later-version-has`]) {
      expect(traceContextOf(text, undefined)).toEqual({ traceparent: text });
    }
    for (const text of [undefined, '', '00', parent(1).slice(1), parent(1).toUpperCase().replace('0', 'G')]) {
      expect(traceContextOf(text, 'a=b')).toBeNull();
    }
    expect(traceContextOf(parent(1), 'a=b')).toEqual({ traceparent: parent(1), tracestate: 'a=b' });
    expect(traceContextOf(parent(1), 'x'.repeat(513))).toEqual({ traceparent: parent(1) });
  });

  it('of many messages is kept once each, and of so many at most', () => {
    const many = Array.from({ length: 100 }, (_, i) => ({ traceparent: parent(i % 40) }));
    expect(distinctContexts(many).map(({ traceparent }) => traceparent)).toEqual(
      Array.from({ length: 32 }, (_, i) => parent(i)),
    );
  });

  it('is taken from the headers of records of Kafka, whatever form the client gives them', () => {
    const records = [
      record(0),
      record(1, { traceparent: Buffer.from(parent(1)), tracestate: Buffer.from('a=b') }),
      record(2, { traceparent: 'not one' }),
      record(3, { traceparent: [Buffer.from(parent(2)), Buffer.from(parent(3))] }),
      record(4, { traceparent: parent(1) }),
    ];
    const from = [{ traceparent: parent(1), tracestate: 'a=b' }, { traceparent: parent(2) }];
    expect(traceOf(records, 5)).toEqual({ from, sinceMs: 5, of: 'messages' });
    expect(traceOf([record(0), record(1, { other: 'x' })], 5)).toBeUndefined();
  });

  it('goes along when batches become one commit, and where nobody traces the commit has no word of it', () => {
    const batch = (n: number | null) => ({
      source: 's',
      next: null,
      blocks: [],
      ...(n === null ? {} : { trace: { from: [{ traceparent: parent(n) }], sinceMs: n, of: 'request' as const } }),
    });
    expect(together([batch(null), batch(null)], 0)).toEqual({ source: 's', next: 0, blocks: [] });
    expect(together([batch(null), batch(4), batch(5), batch(4)], 0).trace).toEqual({
      from: [{ traceparent: parent(4) }, { traceparent: parent(5) }],
      sinceMs: 4,
      of: 'request',
    });
    expect(handoverOf([batch(null)])).toBeNull();
  });
});
