/** `millrace journal repair`. */
import { repairData } from '../data-directory/repair.ts';
import { type OptionValues, print, text } from './command.ts';
import { EXIT } from './exit.ts';
import { findingText } from './journal-verify.ts';

export async function repair(dataDir: string, values: OptionValues): Promise<number> {
  const isDryRun = values['dry-run'] === true;
  const report = await repairData(dataDir, { isDryRun, log: text(values, 'log') ?? null });
  const { repairs, remaining } = report;
  if (values.json === true) await print(JSON.stringify({ repairs, remaining }));
  else {
    if (report.before.findings.length === 0)
      await print('Everything is as it was written; there is nothing to repair.');
    for (const { file, action, lost, savedAs } of repairs) {
      await print(
        `${file}: ${isDryRun ? 'would be ' : ''}${action}${savedAs === null ? '' : `; the old one is kept as ${savedAs}`}`,
      );
      for (const { offset, toOffset } of lost) await print(`  lost: events ${offset} to ${toOffset - 1}`);
    }
    for (const finding of remaining) await print(`still wrong: ${findingText(finding)}`);
    if (repairs.some(({ lost }) => lost.length > 0) && !isDryRun) {
      await print('The read models may hold what the journal has lost. `millrace replay` makes them say what it has.');
    }
  }
  return remaining.length === 0 ? EXIT.ok : EXIT.checkFailed;
}
