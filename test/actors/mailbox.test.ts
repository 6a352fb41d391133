import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMailbox } from '../../src/actors/mailbox.ts';
import type { Batch } from '../../src/sources/source.ts';
import { settled } from './deferred.ts';

const CLOSED = new Error('draining');
const atStart = (): number => 0;

/** A batch that notes what became of it. */
function batch(next: number, told: string[] = [], source = 'a'): Batch {
  return {
    source,
    next,
    blocks: [],
    onDurable: ({ firstOffset, count }) => told.push(`${source}${next} durable ${firstOffset}+${count}`),
    onRejected: ({ message }) => told.push(`${source}${next} ${message}`),
  };
}

describe('a mailbox', () => {
  test('gives batches in the order in which they came, and keeps each until it is settled', async () => {
    const told: string[] = [];
    const mailbox = createMailbox(3);
    for (const next of [1, 2, 3]) await mailbox.deliver(batch(next, told));
    expect([mailbox.take(atStart)?.next, mailbox.take(atStart)?.next]).toEqual([1, 2]);
    expect([mailbox.depth, mailbox.inFlight]).toEqual([1, 2]);
    mailbox.settled(40, 7);
    mailbox.settled(47, 2);
    expect(told).toEqual(['a1 durable 40+7', 'a2 durable 47+2']);
    expect([mailbox.depth, mailbox.inFlight]).toEqual([1, 0]);
  });

  test('acknowledges what is delivered again, but not before its first delivery is durable', async () => {
    const told: string[] = [];
    const mailbox = createMailbox(4);
    let committed = 0;
    for (const next of [2, 2, 5]) await mailbox.deliver(batch(next, told));
    expect(mailbox.take(() => committed)?.next).toBe(2);
    committed = 2;
    expect(mailbox.take(() => committed)).toBeUndefined();
    expect(told).toEqual([]);
    mailbox.settled(0, 2);
    expect(mailbox.take(() => committed)?.next).toBe(5);
    expect(told).toEqual(['a2 durable 0+2', 'a2 durable -1+0']);
  });

  test('counts the events of a source that has no position of its own, and tries again what the log has not', async () => {
    const told: string[] = [];
    const mailbox = createMailbox(4);
    const block = { fingerprint: '', count: 3, bytes: new Uint8Array() };
    for (let i = 0; i < 2; i++) {
      await mailbox.deliver({ ...batch(0, told), next: null, blocks: [block] });
    }
    expect(mailbox.take(() => 40)?.next).toBe(43);
    expect(mailbox.take(() => 43)?.next).toBe(46);
    mailbox.recover(() => 43);
    expect(told).toEqual(['a0 durable -1+0']);
    expect(mailbox.take(() => 43)?.next).toBe(46);
  });

  test('holds back its source while it is full, counting what is in flight', async () => {
    const mailbox = createMailbox(1);
    await mailbox.deliver(batch(1));
    let delivered = false;
    const second = mailbox.deliver(batch(2)).then(() => {
      delivered = true;
    });
    mailbox.take(atStart);
    await settled();
    expect([delivered, mailbox.hasRoom(), mailbox.offer(batch(3))]).toEqual([false, false, false]);
    mailbox.settled(0, 1);
    await second;
    expect(mailbox.take(atStart)?.next).toBe(2);
  });

  test('never holds more than its bound, and loses and reorders nothing, however many wait', async () => {
    const action = fc.constantFrom('deliver', 'offer', 'take', 'settle');
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(action, { maxLength: 60 }), async (bound, actions) => {
        const mailbox = createMailbox(bound);
        const settledOrder: number[] = [];
        const refused = new Set<number>();
        const pending: Promise<void>[] = [];
        let next = 0;
        const newBatch = (): Batch => {
          next += 1;
          const own = next;
          return { source: 'a', next: own, blocks: [], onDurable: () => settledOrder.push(own) };
        };
        for (const act of actions) {
          if (act === 'deliver') pending.push(mailbox.deliver(newBatch()));
          else if (act === 'offer') {
            // What waits for room goes first: an offer while others wait is a source's second voice.
            if (mailbox.hasRoom() && !mailbox.offer(newBatch())) refused.add(next);
          } else if (act === 'take') mailbox.take(atStart);
          else if (mailbox.inFlight > 0) mailbox.settled(0, 0);
          await settled();
          expect(mailbox.depth + mailbox.inFlight).toBeLessThanOrEqual(bound);
        }
        for (let i = 0; i <= next; i++) {
          mailbox.take(atStart);
          if (mailbox.inFlight > 0) mailbox.settled(0, 0);
          await settled();
        }
        await Promise.all(pending);
        expect(settledOrder).toEqual(Array.from({ length: next }, (_, i) => i + 1).filter((one) => !refused.has(one)));
      }),
    );
  });

  test('after a crash acknowledges what the log holds, and has the rest of what was in flight in front again', async () => {
    const told: string[] = [];
    const mailbox = createMailbox(5);
    for (const next of [10, 20, 30]) await mailbox.deliver(batch(next, told));
    await mailbox.deliver(batch(5, told, 'b'));
    for (let i = 0; i < 3; i++) mailbox.take(atStart);
    mailbox.recover((source) => (source === 'a' ? 10 : 0));
    expect(told).toEqual(['a10 durable -1+0']);
    expect([mailbox.inFlight, mailbox.depth]).toEqual([0, 3]);
    expect(
      [mailbox.take(atStart), mailbox.take(atStart), mailbox.take(atStart)].map((one) => `${one?.source}${one?.next}`),
    ).toEqual(['a20', 'a30', 'b5']);
  });

  test('frees its source when recovery has made room', async () => {
    const mailbox = createMailbox(1);
    await mailbox.deliver(batch(1));
    mailbox.take(atStart);
    const waiting = mailbox.deliver(batch(2));
    mailbox.recover(() => 1);
    await waiting;
    expect(mailbox.depth).toBe(1);
  });

  test('refuses new batches and those that wait for room once it is closed, and keeps what is in', async () => {
    const mailbox = createMailbox(1);
    await mailbox.deliver(batch(1));
    const waiting = mailbox.deliver(batch(2));
    mailbox.close(CLOSED);
    await expect(waiting).rejects.toBe(CLOSED);
    await expect(mailbox.deliver(batch(3))).rejects.toBe(CLOSED);
    expect([mailbox.offer(batch(4)), mailbox.hasRoom()]).toEqual([false, false]);
    expect(mailbox.take(atStart)?.next).toBe(1);
  });

  test('rejects everything that is in when it is abandoned, in flight or not', async () => {
    const told: string[] = [];
    const mailbox = createMailbox(3);
    await mailbox.deliver(batch(1, told));
    await mailbox.deliver(batch(2, told));
    mailbox.take(atStart);
    mailbox.abandon(CLOSED);
    expect(told).toEqual(['a1 draining', 'a2 draining']);
    expect([mailbox.depth, mailbox.inFlight]).toEqual([0, 0]);
  });

  test('tells its listener of every arrival', async () => {
    const mailbox = createMailbox(2);
    let arrivals = 0;
    mailbox.onArrival(() => {
      arrivals += 1;
    });
    await mailbox.deliver(batch(1));
    mailbox.offer(batch(2));
    mailbox.offer(batch(3));
    expect(arrivals).toBe(2);
  });
});

describe('batches that wait together', () => {
  const BYTES = 100;
  const of = (bytes: number, count = 1) => [{ fingerprint: 'x', count, bytes: new Uint8Array(bytes) }];
  const gathering = () => createMailbox(16, 2, (blocks) => blocks, BYTES);

  test('of one source are one, up to some bytes, with the position of the last, and each is acknowledged', () => {
    const told: string[] = [];
    const mailbox = gathering();
    for (const next of [1, 2, 3, 4]) mailbox.offer({ ...batch(next, told), blocks: of(30) });
    mailbox.offer({ ...batch(9, told, 'b'), blocks: of(1) });
    const first = mailbox.take(atStart);
    expect([first?.next, first?.blocks.length, mailbox.depth, mailbox.inFlight]).toEqual([3, 3, 2, 1]);
    // Another source's is not among them.
    expect([mailbox.take(atStart), mailbox.take(atStart)].map((one) => one?.next)).toEqual([4, 9]);
    mailbox.settled(40, 7);
    expect(told).toEqual(['a1 durable 40+7', 'a2 durable 40+7', 'a3 durable 40+7']);
  });

  test('are counted by their events where the source has no position of its own', () => {
    const mailbox = gathering();
    for (const count of [2, 3]) mailbox.offer({ ...batch(0), next: null, blocks: of(10, count) });
    expect(mailbox.take(() => 40)?.next).toBe(45);
  });

  test('are not one with a batch that is of a request, came before, or is in the log in part', () => {
    const request = { key: 'k', digest: Buffer.alloc(0), rows: 1, rowsBefore: 0, takenAt: 0 };
    const takenOf = (second: Batch, position = atStart): number | undefined => {
      const mailbox = gathering();
      mailbox.offer({ ...batch(5), blocks: of(1) });
      mailbox.offer(second);
      return mailbox.take(position)?.next;
    };
    expect(takenOf({ ...batch(6), blocks: of(1) })).toBe(6);
    expect(takenOf({ ...batch(6), blocks: of(1), request })).toBe(5);
    expect(takenOf({ ...batch(4), blocks: of(1) })).toBe(5);
    expect(takenOf({ ...batch(6), blocks: of(1) }, (source = '') => (source === 'a@6' ? 1 : 0))).toBe(5);
  });

  test('are tried one by one after they failed, so that the one at fault is known', () => {
    const told: string[] = [];
    const mailbox = gathering();
    for (const next of [1, 2, 3]) mailbox.offer({ ...batch(next, told), blocks: of(10) });
    mailbox.failed(mailbox.take(atStart)!, new Error('which?'));
    mailbox.recover(atStart);
    mailbox.offer({ ...batch(4, told), blocks: of(10) });
    expect(mailbox.failure()).toBeNull();
    expect(mailbox.take(atStart)?.next).toBe(1);
    mailbox.settled(0, 1);
    const committed = (): number => 1;
    for (const failures of [1, 2]) {
      mailbox.failed(mailbox.take(committed)!, new Error('this one'));
      mailbox.recover(committed);
      expect(mailbox.failure()).toBe(`a batch of a failed ${failures} times: this one`);
    }
    expect(mailbox.suspect(committed)?.batch.next).toBe(2);
  });

  test('are all acknowledged after a crash when the log has them, and come again when it has not', () => {
    const told: string[] = [];
    const mailbox = gathering();
    for (const next of [1, 2]) mailbox.offer({ ...batch(next, told), blocks: of(40) });
    for (const next of [3, 4]) mailbox.offer({ ...batch(next, told), blocks: of(40) });
    expect([mailbox.take(atStart)?.next, mailbox.take(atStart)?.next]).toEqual([2, 4]);
    mailbox.recover(() => 2);
    expect(told).toEqual(['a1 durable -1+0', 'a2 durable -1+0']);
    expect(mailbox.take(() => 2)?.next).toBe(3);
    mailbox.abandon(CLOSED);
    expect(told.slice(2)).toEqual(['a3 draining', 'a4 draining']);
  });
});

describe('a batch that is divided', () => {
  /** Of one row each. */
  const part = (from: number) => ({ from, to: from + 1, blocks: [block(1)] });
  const row = { fingerprint: 'x', bytes: new Uint8Array() };
  const block = (count: number) => ({ ...row, count });

  test('is known by a place of its own until its last part is in, and only that is acknowledged', () => {
    const mailbox = createMailbox(4, 1, (blocks, rows) => [
      block(blocks.reduce((sum, { count }) => sum + count, -rows)),
    ]);
    const positions = new Map<string, number>();
    const position = (source: string): number => positions.get(source) ?? 0;
    const told: string[] = [];
    const whole = { source: 's', next: 10, blocks: [block(3)], onDurable: () => told.push('durable') };
    mailbox.offer(whole);
    const taken = mailbox.take(position);
    mailbox.failed(taken!, new Error('too much'));
    mailbox.recover(position);
    expect(mailbox.suspect(position)).toMatchObject({ failures: 1 });
    mailbox.divide([part(0), part(1), part(2)]);
    expect(mailbox.suspect(position)).toBeNull();

    const first = mailbox.take(position);
    expect(first).toMatchObject({ source: 's@10', next: 1 });
    positions.set('s@10', 1);
    mailbox.settled(0, 1);
    expect(told).toEqual([]);
    // The second is in the log, and nobody was told: the partition failed in between.
    expect(mailbox.take(position)).toMatchObject({ source: 's@10', next: 2 });
    positions.set('s@10', 2);
    mailbox.recover(position);
    expect(mailbox.take(position)).toMatchObject({ source: 's', next: 10, blocks: [block(1)] });
    mailbox.settled(2, 1);
    expect(told).toEqual(['durable']);

    // Another process is given the whole batch again when only two of its rows are in.
    const later = createMailbox(4, 1, (blocks, rows) => [block(blocks.reduce((sum, { count }) => sum + count, -rows))]);
    later.offer(whole);
    expect(later.take(position)).toMatchObject({ source: 's', next: 10, blocks: [block(1)] });
  });
});
