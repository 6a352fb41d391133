/** `millrace backup`: copies a data directory, of a running service too. */
import { type BackedUp, backUp } from '../backup/backup.ts';
import { holdEnds } from '../channel/backup-hold.ts';
import { withPlace } from './backup-place.ts';
import { formatBytes } from './bytes-text.ts';
import { CONFIG_OPTION, type Command, DATA_OPTION, dataDirOf, JSON_OPTION, noWords, print, text } from './command.ts';
import { EXIT, UsageError } from './exit.ts';
import { progressLine } from './progress.ts';

export const backupCommand: Command = {
  name: 'backup',
  summary: 'copy a data directory as of one moment, of a running service too; only what is new is copied again',
  usage: 'backup --to DIR|s3://BUCKET/PREFIX [--config FILE] [--data DIR] [--json]',
  options: {
    to: {
      type: 'string',
      value: 'PLACE',
      help: 'an empty place, or one of an earlier backup, which this one replaces',
    },
    ...CONFIG_OPTION,
    ...DATA_OPTION,
    ...JSON_OPTION,
  },
  async run(values, words) {
    noWords('backup', words);
    const to = text(values, 'to');
    if (to === undefined) throw new UsageError('say where the backup goes: --to DIR, or --to s3://bucket/prefix');
    const dataDir = await dataDirOf(values);
    const startedAt = performance.now();
    const progress = progressLine('backing up', null, { unit: 'bytes', quiet: values.json === true });
    const held = await holdEnds(dataDir);
    try {
      let done = 0;
      const onBytes = (bytes: number): void => {
        done += bytes;
        progress.update(done);
      };
      const options = { dataDir, ends: held.ends, nowMs: Date.now(), onBytes };
      const made = await withPlace(to, (place) => backUp(place, options));
      progress.end();
      const seconds = (performance.now() - startedAt) / 1000;
      await print(values.json === true ? JSON.stringify({ to, ...made, seconds }) : describe(made, to, seconds));
    } finally {
      progress.end();
      await held.release();
    }
    return EXIT.ok;
  },
};

function describe({ logs, files, bytes, copiedFiles, copiedBytes }: BackedUp, to: string, seconds: number): string {
  const events = logs.reduce((sum, { firstOffset, nextOffset }) => sum + nextOffset - firstOffset, 0);
  const rate = formatBytes(copiedBytes / seconds);
  return (
    `backed up ${logs.length} logs with ${events.toLocaleString('en')} events to ${to}: ${files} files, ${formatBytes(bytes)}; ` +
    `${copiedFiles} of them copied, ${formatBytes(copiedBytes)}, in ${seconds.toFixed(1)} s (${rate}/s)`
  );
}
