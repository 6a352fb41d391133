import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { after, beyond, isBehind, markOfText, markText } from '../../../src/sinks/kafka/mark.ts';
import { streamEvent } from '../event-fixture.ts';

const log = fc
  .tuple(fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9._-]{0,20}$/), fc.nat(63))
  .map(([stream, partition]) => `${stream}-${partition}`);
const next = fc.array(fc.tuple(log, fc.nat({ max: 2 ** 48 })), { maxLength: 30 }).map((entries) => new Map(entries));

describe('the mark of a sink', () => {
  it('reads back as it was written, whatever logs it has', () => {
    fc.assert(
      fc.property(next, fc.nat(), fc.uuid(), (logs, owner, run) => {
        expect(markOfText(markText({ owner, run, next: logs }))).toEqual({ owner, run, next: logs });
      }),
      { numRuns: 100 },
    );
  });

  it('of 64 partitions that are far on fits into what a broker keeps with an offset', () => {
    const logs = new Map(
      Array.from({ length: 256 }, (_, i) => [`payments.transactions.of.${i % 4}-${i >> 2}`, 2 ** 41]),
    );
    expect(markText({ owner: 2 ** 31 - 1, run: '0'.repeat(36), next: logs }).length).toBeLessThan(4096);
  });

  it('is none of another program', () => {
    for (const text of ['', '{"lag":1}', 'millrace/1 data-directory=7', 'millrace-sink/2 1 r a:1']) {
      expect(markOfText(text)).toBeNull();
    }
  });

  it('has the events below it, and none that is sent out of its turn', () => {
    const marked = after(new Map([['clicks-0', 3]]), [streamEvent(4), { ...streamEvent(9), isOutOfTurn: true }]);
    expect([...marked]).toEqual([['clicks-0', 5]]);
    expect([3, 4, 5].map((offset) => isBehind(marked, streamEvent(offset)))).toEqual([true, true, false]);
    expect(isBehind(marked, { ...streamEvent(1), isOutOfTurn: true })).toBe(false);
    expect(isBehind(marked, streamEvent(0, 'other', 'other-0'))).toBe(false);
  });

  it('says which log of the journal has less than the topic', () => {
    const ends = new Map([['a-0', 5]]);
    expect(beyond(new Map([['a-0', 5]]), ends)).toBeNull();
    expect(beyond(new Map([['a-0', 6]]), ends)).toBe('a-0');
    expect(beyond(new Map([['gone-0', 6]]), ends)).toBeNull();
  });
});
