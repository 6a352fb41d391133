/** `millrace journal inspect`. */
import { inspectData } from '../data-directory/inspect.ts';
import { type OptionValues, print, tableText } from './command.ts';
import { EXIT } from './exit.ts';

export async function inspect(dataDir: string, values: OptionValues): Promise<number> {
  const { logs, schemas } = await inspectData(dataDir);
  if (values.json === true) await print(JSON.stringify({ logs, schemas }));
  else {
    await print(
      tableText(
        logs.map(
          ({
            log,
            segments,
            sealed,
            firstOffset,
            nextOffset,
            from,
            to,
            perSecond,
            bytes,
            away,
            awayBytes,
            tail,
            snapshots,
            tornCopies,
          }) => ({
            log,
            segments: `${segments}${sealed ? ' sealed' : ''}`,
            first: firstOffset,
            next: nextOffset,
            committed:
              from === null || to === null ? '-' : `${new Date(from).toISOString()} … ${new Date(to).toISOString()}`,
            'events/s': perSecond === null ? '-' : Math.round(perSecond),
            MiB: (bytes / 1024 ** 2).toFixed(1),
            away,
            'MiB away': (awayBytes / 1024 ** 2).toFixed(1),
            tail,
            snapshots: snapshots.length,
            'torn copies': tornCopies,
          }),
        ),
      ),
    );
    for (const place of new Set(logs.flatMap(({ awayIn }) => awayIn)))
      await print(`\nOld segments are kept in ${place}.`);
    await print(`\n${schemas.length} schemas: ${schemas.map(({ name }) => name).join(', ')}`);
  }
  return logs.some(({ tail }) => tail === 'corrupt') ? EXIT.checkFailed : EXIT.ok;
}
