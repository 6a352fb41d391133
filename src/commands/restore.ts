/** `millrace restore`: makes a data directory of a backup. */
import { restore, verifyBackup } from '../backup/restore.ts';
import { withPlace } from './backup-place.ts';
import { formatBytes } from './bytes-text.ts';
import { type Command, DATA_OPTION, JSON_OPTION, noWords, print, text } from './command.ts';
import { EXIT, UsageError } from './exit.ts';
import { progressLine } from './progress.ts';

export const restoreCommand: Command = {
  name: 'restore',
  summary: 'make a new data directory of a backup, or only compare the backup with its checksums',
  usage: 'restore --from DIR|s3://BUCKET/PREFIX (--data NEW | --verify) [--json]',
  options: {
    from: { type: 'string', value: 'PLACE', help: 'where the backup is' },
    ...DATA_OPTION,
    data: { ...DATA_OPTION.data, value: 'NEW', help: 'the directory to make' },
    verify: { type: 'boolean', help: 'read all of the backup and write nothing' },
    ...JSON_OPTION,
  },
  async run(values, words) {
    noWords('restore', words);
    const from = text(values, 'from');
    const dataDir = text(values, 'data');
    const isVerify = values.verify === true;
    if (from === undefined) throw new UsageError('say where the backup is: --from DIR, or --from s3://bucket/prefix');
    if (isVerify === (dataDir !== undefined))
      throw new UsageError('say which directory to make, --data NEW, or --verify');
    const startedAt = performance.now();
    const progress = progressLine(isVerify ? 'verifying' : 'restoring', null, {
      unit: 'bytes',
      quiet: values.json === true,
    });
    let done = 0;
    const onBytes = (bytes: number): void => {
      done += bytes;
      progress.update(done);
    };
    const restored = await withPlace(from, (place) =>
      dataDir === undefined ? verifyBackup(place, onBytes) : restore(place, dataDir, onBytes),
    ).finally(() => progress.end());
    const seconds = (performance.now() - startedAt) / 1000;
    const { takenAt, logs, files, bytes } = restored;
    const did = dataDir === undefined ? `${from} is whole` : `restored ${dataDir}`;
    await print(
      values.json === true
        ? JSON.stringify({ from, data: dataDir ?? null, ...restored, seconds })
        : `${did}: the backup of ${takenAt}, ${logs.length} logs in ${files} files, ${formatBytes(bytes)}, ` +
            `in ${seconds.toFixed(1)} s (${formatBytes(bytes / seconds)}/s)`,
    );
    return EXIT.ok;
  },
};
