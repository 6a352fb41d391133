/** `millrace journal verify`. */
import { type Verified, verifyData } from '../data-directory/verify.ts';
import { type OptionValues, print, tableText } from './command.ts';
import { EXIT } from './exit.ts';

export async function verify(dataDir: string, values: OptionValues): Promise<number> {
  const { logs, findings } = await verifyData(dataDir, values.fetch === true);
  if (values.json === true) await print(JSON.stringify({ logs, findings }));
  else {
    await print(
      tableText(
        logs.map(({ log, segments, away, frames, firstOffset, nextOffset, bytes, tornBytes, findings: own }) => ({
          log,
          segments,
          away,
          frames,
          first: firstOffset,
          next: nextOffset,
          MiB: (bytes / 1024 ** 2).toFixed(1),
          'torn bytes': tornBytes,
          findings: own.length,
        })),
      ),
    );
    await print(findings.length === 0 ? 'Everything is as it was written.' : findings.map(findingText).join('\n'));
    if (findings.length > 0) {
      await print(
        'Nothing was changed. Restore the files from a backup, or see what `millrace journal repair --dry-run` would do.',
      );
    }
  }
  return findings.length === 0 ? EXIT.ok : EXIT.checkFailed;
}

export function findingText({ file, byte, offset, toOffset, what }: Verified['findings'][number]): string {
  const where = byte === null ? file : `${file}, byte ${byte}`;
  return `${where}: ${what}${toOffset > offset ? `; events ${offset} to ${toOffset - 1} can't be read` : ''}`;
}
