/** `millrace journal prune`. */

import { HOLD_FOR_EVER, holdsOf, pruneData } from '../data-directory/retention.ts';
import { ageAndSize } from './age-and-size.ts';
import { configOf, type OptionValues, print, tableText, text } from './command.ts';
import { EXIT, UsageError } from './exit.ts';

export async function prune(dataDir: string, values: OptionValues): Promise<number> {
  const { ageMs, maxBytes } = ageAndSize(values);
  if (ageMs === null && maxBytes === null) throw new UsageError('say what may go: --age 30d, --size 10GB, or both');
  const isDryRun = values['dry-run'] === true;
  // What may wait how long is said by the pipeline file alone.
  const holds = text(values, 'config') === undefined ? HOLD_FOR_EVER : holdsOf(await configOf(values));
  const logs = await pruneData(dataDir, { ageMs, maxBytes }, isDryRun, Date.now(), holds);
  if (values.json === true) await print(JSON.stringify(logs));
  else {
    const rows = logs.flatMap(({ log, segments }) => {
      const [first] = segments;
      const last = segments.at(-1);
      if (first === undefined || last === undefined) return [];
      const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
      return [
        {
          log,
          segments: segments.length,
          events: `${first.firstOffset} to ${last.nextOffset - 1}`,
          MiB: (bytes / 1024 ** 2).toFixed(1),
        },
      ];
    });
    for (const { log, heldBy } of logs)
      if (heldBy !== null)
        await print(
          `${log}: ${heldBy} still has to read what would go else; holdJournal and holdJournalSize in the pipeline file say how long that counts, and for how much.`,
        );
    if (rows.length === 0) await print('There is nothing that may go.');
    else await print(`${tableText(rows)}\n${isDryRun ? 'These would go. Nothing was changed.' : 'These are gone.'}`);
  }
  return EXIT.ok;
}
