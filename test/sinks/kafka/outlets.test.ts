/** Transactions with a mark, over a cluster in memory that keeps the mark and the records of what was committed. */
import { describe, expect, it } from 'vitest';
import { exactlyOnceOutlets } from '../../../src/sinks/kafka/outlets.ts';
import type { SinkEvent } from '../../../src/sinks/sink.ts';
import { streamEvent } from '../event-fixture.ts';

const never = new AbortController().signal;
const offsets = (...all: number[]): SinkEvent[] => all.map((offset) => streamEvent(offset));

/** `answers`: how the next transactions with records end, as the client sees it; without one they are committed. */
function memoryCluster(answers: ('lost' | 'refused')[] = []) {
  const ids: string[] = [];
  let mark: string | null = null;
  let producers = 0;
  function process(run: string, { owner = 1, end = 100 } = {}) {
    return exactlyOnceOutlets({
      ...{ transactionalId: 't', owner, run, everyMs: 0, journalEnds: new Map([['clicks-0', end]]) },
      nowMs: () => 0,
      sleep: async () => {},
      recordsOf: async (events) => events.map(({ id }) => ({ key: null, value: null, headers: { id }, timestamp: 0 })),
      async connect(admit) {
        admit(mark);
        const own = ++producers;
        return {
          found: mark,
          async commit(records, { text }) {
            if (own !== producers) throw new Error('fenced');
            const answer = records.length > 0 ? answers.shift() : undefined;
            if (answer === 'refused') throw new Error('aborted');
            ids.push(...records.map(({ headers }) => headers.id ?? ''));
            mark = text;
            if (answer === 'lost') throw new Error('no answer came');
          },
          close: async () => {},
        };
      },
    });
  }
  return { ids, process };
}

describe('a sink of transactions', () => {
  it('leaves out what is in the topic, when the answer to its commit was lost', async () => {
    const { ids, process } = memoryCluster(['lost', 'refused']);
    const open = process('a');
    await expect((await open()).take(offsets(0, 1), never)).rejects.toThrow('no answer');
    // Another batch than before: the one that was committed, and more.
    await expect((await open()).take(offsets(0, 1, 2), never)).rejects.toThrow('aborted');
    await (await open()).take(offsets(0, 1, 2, 3), never);
    expect(ids).toEqual(offsets(0, 1, 2, 3).map(({ id }) => id));
  });

  it('goes on behind what it has sent itself, which its journal had not when it began', async () => {
    const { ids, process } = memoryCluster(['lost']);
    const open = process('a', { end: 0 });
    await expect((await open()).take(offsets(0, 1), never)).rejects.toThrow('no answer');
    await (await open()).take(offsets(0, 1, 2), never);
    expect(ids).toEqual(offsets(0, 1, 2).map(({ id }) => id));
  });

  it('sends again what is asked for again, though its place is behind the mark', async () => {
    const { ids, process } = memoryCluster();
    const outlet = await process('a')();
    await outlet.take(offsets(0, 1, 2), never);
    await outlet.take([{ ...streamEvent(1), isOutOfTurn: true }, streamEvent(2)], never);
    expect(ids).toEqual(offsets(0, 1, 2, 1).map(({ id }) => id));
  });

  it('stays silent once another process of its data directory has begun, and does not fence that one off', async () => {
    const { ids, process } = memoryCluster();
    const first = process('a');
    const outlet = await first();
    await outlet.take(offsets(0), never);
    const second = await process('b')();
    await expect(outlet.take(offsets(1), never)).rejects.toThrow('fenced');
    for (let i = 0; i < 2; i++) await expect(first()).rejects.toThrow('another process has taken over');
    await second.take(offsets(1), never);
    expect(ids).toEqual(offsets(0, 1).map(({ id }) => id));
  });

  it('sends nothing from a journal that ends before the mark, nor beside that of another data directory', async () => {
    const { ids, process } = memoryCluster();
    await (await process('a')()).take(offsets(0, 1, 2), never);
    await expect(process('b', { end: 2 })()).rejects.toThrow(
      'the topic has events of the log clicks-0 up to offset 3, and the journal ends at 2',
    );
    await expect(process('c', { owner: 2 })()).rejects.toThrow('another data directory (number 1');
    await (await process('d')()).take(offsets(3), never);
    expect(ids).toHaveLength(4);
  });
});
