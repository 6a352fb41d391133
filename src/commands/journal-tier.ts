/** `millrace journal tier` and `millrace journal recall`. */
import { isAbsolute, resolve } from 'node:path';
import { recallAll, type TieredLog, type TierSettings, tierAll } from '../data-directory/tiering.ts';
import { ageAndSize } from './age-and-size.ts';
import { configOf, type OptionValues, print, tableText, text } from './command.ts';
import { EXIT, UsageError } from './exit.ts';

export async function tier(dataDir: string, values: OptionValues): Promise<number> {
  const settings = await settingsOf(values);
  const logs = await tierAll(dataDir, settings, Date.now());
  return tell(values, logs, 'There is nothing that has to go.', `These are kept in ${settings.place} now.`);
}

export async function recall(dataDir: string, values: OptionValues): Promise<number> {
  const logs = await recallAll(dataDir);
  return tell(values, logs, 'All segments are on this disk.', 'These are on this disk again, and nowhere else.');
}

/** What the command line says, or else the pipeline file. */
async function settingsOf(values: OptionValues): Promise<TierSettings> {
  const { ageMs, maxBytes } = ageAndSize(values);
  const declared = text(values, 'config') === undefined ? null : (await configOf(values)).journal.tier;
  const to = text(values, 'to');
  const place = to === undefined || to.startsWith('s3://') || isAbsolute(to) ? to : resolve(to);
  if (ageMs === null && maxBytes === null && declared !== null)
    return place === undefined ? declared : { ...declared, place };
  const found = place ?? declared?.place;
  if (found === undefined)
    throw new UsageError(
      'say where segments shall go: --to s3://bucket/prefix, or --config with `journal: { tier: … }`',
    );
  if (ageMs === null && maxBytes === null) throw new UsageError('say what shall go: --age 7d, --size 10GB, or both');
  return { place: found, ageMs, maxBytes };
}

async function tell(values: OptionValues, logs: readonly TieredLog[], none: string, some: string): Promise<number> {
  if (values.json === true) {
    await print(JSON.stringify(logs));
    return EXIT.ok;
  }
  const rows = logs
    .filter(({ segments }) => segments > 0)
    .map(({ log, segments, bytes }) => ({ log, segments, MiB: (bytes / 1024 ** 2).toFixed(1) }));
  await print(rows.length === 0 ? none : `${tableText(rows)}\n${some}`);
  return EXIT.ok;
}
