/**
 * What every source must do with the partitions that it serves. The journal is held against what the source has: each
 * event of a partition once, in order, whatever fails, is rejected or comes twice on the way.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Batch, Source } from '../../src/sources/source.ts';
import {
  type Journaled,
  type JournaledPartitions,
  journaledPartitions,
  newJournal,
  nextTurn,
} from './journaled-partitions.ts';

export interface SourceSubject {
  readonly partitions: number;
  /** As a new process has it; a restart by its supervisor runs the same once more. */
  start(): Source;
  /** What each partition shall have in the end, an event a line. */
  readonly expected: readonly (readonly string[])[];
  linesOf(batch: Batch): string[];
}

const BOUND = 2;
/** Fewer where a run starts a thread. */
const RUNS = 25;

export function sourceContract(name: string, subject: () => SourceSubject, runs = RUNS): void {
  describe(`${name} keeps the source's contract:`, () => {
    const never = new AbortController().signal;

    function lines({ linesOf }: SourceSubject, { batches }: Journaled): string[][] {
      return batches.map((own) => own.flatMap(linesOf));
    }

    async function toTheEnd(source: Source, partitions: JournaledPartitions): Promise<void> {
      await source.run(partitions, never);
      await partitions.settled();
      expect(partitions.wrongs).toEqual([]);
    }

    /** Some turns of the event loop, or fewer if the run ends before. */
    async function pass(turns: number, run: Promise<unknown>): Promise<void> {
      let isOver = false;
      const over = (): void => {
        isOver = true;
      };
      run.then(over, over);
      for (let turn = 0; turn < turns && !isOver; turn++) await nextTurn();
    }

    test('each partition has its events, all of them, in order, once it has opened it', async () => {
      const on = subject();
      const journaled = newJournal(on.partitions);
      await toTheEnd(on.start(), journaledPartitions({ journaled, bound: BOUND }));
      expect(lines(on, journaled)).toEqual(on.expected);
      expect(on.expected.flat().length).toBeGreaterThan(20);
    });

    test('a run on what is read adds nothing', async () => {
      const on = subject();
      const journaled = newJournal(on.partitions);
      await toTheEnd(on.start(), journaledPartitions({ journaled, bound: BOUND }));
      await toTheEnd(on.start(), journaledPartitions({ journaled, bound: BOUND }));
      expect(lines(on, journaled)).toEqual(on.expected);
    });

    test('a slow partition holds it back', async () => {
      const on = subject();
      const journaled = newJournal(on.partitions);
      const partitions = journaledPartitions({ journaled, bound: BOUND, commitTurns: () => 20 });
      await toTheEnd(on.start(), partitions);
      expect(partitions.deepest()).toBeLessThanOrEqual(BOUND + 1);
      expect(lines(on, journaled)).toEqual(on.expected);
    });

    test('positions rise in each partition, and name the one source', async () => {
      const on = subject();
      const journaled = newJournal(on.partitions);
      const source = on.start();
      await toTheEnd(source, journaledPartitions({ journaled, bound: BOUND }));
      for (const own of journaled.batches) {
        const positions = own.map(({ next }) => next ?? Number.NaN);
        expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
      }
      expect(new Set(journaled.batches.flat().map((batch) => batch.source))).toEqual(new Set([source.name]));
    });

    test('whenever the process ends, the next one goes on without a loss and without a repeat', async () => {
      const crash = fc.record({ turns: fc.nat(60), committed: fc.nat(BOUND) });
      await fc.assert(
        fc.asyncProperty(fc.array(crash, { minLength: 1, maxLength: 3 }), async (crashes) => {
          const on = subject();
          const journaled = newJournal(on.partitions);
          for (const { turns, committed } of crashes) {
            const partitions = journaledPartitions({ journaled, bound: BOUND });
            const abort = new AbortController();
            const run = on.start().run(partitions, abort.signal);
            await pass(turns, run);
            partitions.crash(committed);
            abort.abort();
            await run.catch(() => {});
            expect(partitions.wrongs).toEqual([]);
          }
          await toTheEnd(on.start(), journaledPartitions({ journaled, bound: BOUND }));
          expect(lines(on, journaled)).toEqual(on.expected);
        }),
        { numRuns: runs },
      );
    });

    test('what its partitions reject comes again once it is restarted', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat(40), { minLength: 1, maxLength: 3 }), async (failures) => {
          const on = subject();
          const source = on.start();
          const journaled = newJournal(on.partitions);
          const partitions = journaledPartitions({ journaled, bound: BOUND });
          for (const turns of failures) {
            const abort = new AbortController();
            const run = source.run(partitions, abort.signal);
            await pass(turns, run);
            abort.abort();
            partitions.giveUp();
            await run.catch(() => {});
            // It may have come to its end before it could hear of it.
            partitions.wrongs.splice(0);
          }
          await toTheEnd(source, partitions);
          expect(lines(on, journaled)).toEqual(on.expected);
        }),
        { numRuns: runs },
      );
    });

    test('one that is restarted while what it handed over waits goes on behind that', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }), async (stops) => {
          const on = subject();
          const source = on.start();
          const journaled = newJournal(on.partitions);
          const partitions = journaledPartitions({ journaled, bound: 50, commitTurns: () => 3 });
          for (const turns of stops) {
            const abort = new AbortController();
            const run = source.run(partitions, abort.signal);
            await pass(turns, run);
            abort.abort();
            await run;
          }
          await toTheEnd(source, partitions);
          expect(lines(on, journaled)).toEqual(on.expected);
        }),
        { numRuns: runs },
      );
    });

    test('once it is stopped it has ended in order, hands over nothing more, and may go on later', async () => {
      await fc.assert(
        fc.asyncProperty(fc.nat(40), async (turns) => {
          const on = subject();
          const source = on.start();
          const journaled = newJournal(on.partitions);
          const partitions = journaledPartitions({ journaled, bound: BOUND });
          const abort = new AbortController();
          const run = source.run(partitions, abort.signal);
          await pass(turns, run);
          abort.abort();
          await run;
          await partitions.settled();
          const before = lines(on, journaled);
          for (let turn = 0; turn < 5; turn++) await nextTurn();
          await partitions.settled();
          expect(lines(on, journaled)).toEqual(before);
          await toTheEnd(source, partitions);
          expect(lines(on, journaled)).toEqual(on.expected);
        }),
        { numRuns: runs },
      );
    });
  });
}
