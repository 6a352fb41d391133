/** `millrace drill`: whether a backup can be restored, tried in a folder of its own. */
import { createHash } from 'node:crypto';
import { DamagedError } from '../backup/damaged.ts';
import { type Restored, restore } from '../backup/restore.ts';
import { type ComparedLog, openReadModels } from '../channel/offline.ts';
import { compareLogs, type LogComparison } from '../data-directory/compare-logs.ts';
import { inDrillFolder } from '../data-directory/drill-folder.ts';
import { requireJournal } from '../data-directory/require-journal.ts';
import { verifyData } from '../data-directory/verify.ts';
import { formatDuration, parseDuration } from '../keys/units.ts';
import { withPlace } from './backup-place.ts';
import { CONFIG_OPTION, type Command, DATA_OPTION, dataDirOf, JSON_OPTION, noWords, print, text } from './command.ts';
import { EXIT, UsageError } from './exit.ts';
import { findingText } from './journal-verify.ts';

const FINDINGS_SHOWN = 10;

export const drillCommand: Command = {
  name: 'drill',
  summary: 'restore a backup into a folder that is removed again, and compare: files, events, what they derive',
  usage: 'drill --from DIR|s3://BUCKET/PREFIX [--max-age TIME] [--config FILE] [--data DIR] [--json]',
  options: {
    from: { type: 'string', value: 'PLACE', help: 'where the backup is' },
    'max-age': { type: 'string', value: 'TIME', help: 'an older backup is a failed drill, such as 26h' },
    ...CONFIG_OPTION,
    ...DATA_OPTION,
    ...JSON_OPTION,
  },
  async run(values, words) {
    noWords('drill', words);
    const from = text(values, 'from');
    if (from === undefined) throw new UsageError('say where the backup is: --from DIR, or --from s3://bucket/prefix');
    const maxAge = text(values, 'max-age');
    const maxAgeMs = maxAge === undefined ? null : parseDuration(maxAge);
    if (maxAge !== undefined && maxAgeMs === null)
      throw new UsageError(`--max-age takes a duration such as 26h, not ${maxAge}`);
    const startedAt = performance.now();
    const said = await drill(from, await dataDirOf(values), maxAgeMs);
    const seconds = Math.round(performance.now() - startedAt) / 1000;
    if (values.json === true)
      await print(JSON.stringify({ from, ...said.restoration, findings: said.findings, seconds }));
    else await print(describe(from, said, seconds));
    return said.findings.length === 0 ? EXIT.ok : EXIT.checkFailed;
  },
};

/** What was restored; null where the backup is damaged. */
interface Restoration {
  readonly takenAt: string;
  readonly logs: number;
  readonly events: number;
  /** Of those, compared with the data directory's own. */
  readonly comparedEvents: number;
  /** Over all compared events, as the backup has them. */
  readonly digest: string;
  readonly derivedEvents: number;
  readonly tables: number;
}

interface Drilled {
  readonly restoration: Restoration | null;
  /** What is wrong, in words; none when the backup is good. */
  readonly findings: readonly string[];
}

async function drill(from: string, dataDir: string, maxAgeMs: number | null): Promise<Drilled> {
  requireJournal(dataDir);
  return inDrillFolder(dataDir, async (copy) => {
    try {
      const restored = await withPlace(from, (place) => restore(place, copy, () => {}));
      const { findings, ...restoration } = await compare(restored, copy, dataDir);
      return { restoration, findings: [...ageFinding(restored, maxAgeMs), ...findings].slice(0, FINDINGS_SHOWN) };
    } catch (error) {
      if (error instanceof DamagedError) return { restoration: null, findings: [error.message] };
      throw error;
    }
  });
}

async function compare(
  { takenAt, logs }: Restored,
  copy: string,
  dataDir: string,
): Promise<Restoration & Pick<Drilled, 'findings'>> {
  const { findings: damage } = await verifyData(copy, false);
  const compared = await compareLogs(copy, dataDir, logs);
  const { tables, logs: derived } = await derivedAnew(copy);
  const hash = createHash('sha256');
  for (const { log, restored } of compared) hash.update(`${log} ${restored}\n`);
  return {
    takenAt,
    logs: logs.length,
    events: logs.reduce((sum, { firstOffset, nextOffset }) => sum + nextOffset - firstOffset, 0),
    comparedEvents: compared.reduce((sum, { events }) => sum + events, 0),
    digest: hash.digest('hex').slice(0, 16),
    derivedEvents: derived.reduce((sum, { derivedEvents }) => sum + derivedEvents, 0),
    tables,
    findings: [...damage.map(findingText), ...compared.flatMap(differenceText), ...derived.flatMap(derivedText)],
  };
}

/** Fills the read models of the restored directory, and derives its events anew. */
async function derivedAnew(dataDir: string): Promise<{ tables: number; logs: readonly ComparedLog[] }> {
  const offline = await openReadModels(dataDir);
  try {
    await offline.catchUp();
    const logs = await offline.rederive();
    return { tables: (await offline.digests()).length, logs };
  } finally {
    await offline.close();
  }
}

function ageFinding({ takenAt }: Restored, maxAgeMs: number | null): string[] {
  const ageMs = Date.now() - Date.parse(takenAt);
  if (maxAgeMs === null || ageMs <= maxAgeMs) return [];
  return [
    `the backup is of ${takenAt}, which is more than ${formatDuration(maxAgeMs)} ago: see why no newer one was made`,
  ];
}

function differenceText({ log, events, restored, live }: LogComparison): string[] {
  if (restored === live) return [];
  return [`${log}: its ${events} events are not those that the data directory has at the same offsets`];
}

function derivedText({ log, differences, first }: ComparedLog): string[] {
  if (differences === 0) return [];
  return [`${log}: ${differences} commits derive other events now, from offset ${first?.offset} on: ${first?.detail}`];
}

function describe(from: string, { restoration, findings }: Drilled, seconds: number): string {
  const count = (value: number): string => value.toLocaleString('en');
  const lines =
    restoration === null
      ? []
      : [
          `${from}: the backup of ${restoration.takenAt}, ${restoration.logs} logs with ${count(restoration.events)} events, ` +
            'restored in a folder that is gone again',
          `${count(restoration.comparedEvents)} events compared with the data directory's own, digest ${restoration.digest}; ` +
            `${count(restoration.derivedEvents)} derived anew; ${restoration.tables} tables and streams filled; ${seconds.toFixed(1)} s`,
        ];
  if (findings.length === 0) return [...lines, 'It can be restored.'].join('\n');
  return [...lines, ...findings, `${from} can not be relied on.`].join('\n');
}
