/** A restored log is that of the data directory only where each commit is. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareLogs } from '../../src/data-directory/compare-logs.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { COMMIT_FRAME, encodeCommit } from '../../src/messages/commit.ts';
import { scratchDirectory } from '../journal/scratch.ts';

const LOG = 'a-0';

/** A data directory with a log of one event a commit, each of one byte. */
async function directoryOf(events: readonly number[]): Promise<string> {
  const dataDir = scratchDirectory();
  const journal = await openJournal(join(dataDir, 'journal'), { durability: 'os', segmentBytes: 400 });
  const log = await journal.openLog(LOG);
  for (const [i, event] of events.entries()) {
    const section = { role: 'input', fingerprint: '0011223344556677', count: 1, bytes: Uint8Array.of(event) } as const;
    const commit = { stream: 'a', partition: 0, source: 's', next: i + 1, committedAt: i, sections: [section] };
    const { parts, count } = encodeCommit(commit);
    await log.append(COMMIT_FRAME, count, parts);
  }
  await journal.close();
  return dataDir;
}

const bytes = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 12 });

test('a backup agrees with a directory that went on, and with no other in which one event differs', async () => {
  await fc.assert(
    fc.asyncProperty(bytes, bytes, fc.nat(), async (events, later, at) => {
      const range = { log: LOG, firstOffset: 0, nextOffset: events.length };
      const copy = await directoryOf(events);
      const compared = async (dataDir: string) => {
        const [found] = await compareLogs(copy, dataDir, [range]);
        return found ?? expect.fail('there is one log');
      };
      const same = await compared(await directoryOf([...events, ...later]));
      expect(same).toMatchObject({ events: events.length, live: same.restored });
      const changedAt = at % events.length;
      const other = await directoryOf(events.map((event, i) => (i === changedAt ? event ^ 1 : event)));
      const changed = await compared(other);
      expect(changed.live).not.toBe(changed.restored);
      // A key was forgotten up to there since.
      writeFileSync(join(other, 'forgotten.json'), JSON.stringify({ [LOG]: changedAt + 1 }));
      const behind = await compared(other);
      expect(behind).toMatchObject({ events: events.length - changedAt - 1, live: behind.restored });
      const shorter = await compared(await directoryOf(events.slice(0, -1)));
      expect(shorter).toMatchObject({ events: events.length, live: null });
    }),
    { numRuns: 25 },
  );
});
