/** Checks a data directory: its journal, the schemas that its events need, and that no read model is ahead of it. */
import { join } from 'node:path';
import { logNames } from '../journal/log-names.ts';
import { journalOf } from '../journal/open-reader.ts';
import { readSchemaTexts } from '../journal/schema-files.ts';
import { nodeSyncFs } from '../journal/sync-fs.ts';
import { type Finding, type VerifiedLog, verifyAway, verifyLog } from '../journal/verify.ts';
import { dynamicEventType, recordOf } from '../messages/codec.ts';
import { COMMIT_FRAME, decodeCommit } from '../messages/commit.ts';
import type { StoreDriver } from '../projections/driver.ts';
import { STORE_DRIVERS, STORE_NAMES } from '../projections/drivers.ts';
import { knownOwner } from '../projections/owner.ts';
import { savedTableShapes } from '../projections/table-shapes.ts';
import { driversOf } from '../workers/all-stores.ts';

export interface Verified {
  readonly logs: readonly VerifiedLog[];
  readonly findings: readonly Finding[];
}

/**
 * Checks a data directory. With `fetches` it also fetches and compares what is kept elsewhere, and rejects when that
 * place can't be had.
 */
export async function verifyData(dataDir: string, fetches = false): Promise<Verified> {
  const { directory: journalDir } = journalOf(dataDir);
  const stores = (await projectedOffsets(dataDir)).map(({ offsets }) => offsets);
  const findings: Finding[] = [];
  const schemas = checkSchemas(dataDir, findings);
  const logs = logNames(journalDir).map((log) => {
    const missing = new Map<string, { file: string; offset: number; toOffset: number }>();
    const witness = Math.max(0, ...stores.map((offsets) => offsets.get(log) ?? 0));
    const directory = join(journalDir, log);
    const verified = verifyLog(nodeSyncFs, directory, log, {
      witness,
      visit(kind, offset, count, body) {
        if (kind !== COMMIT_FRAME) return;
        for (const { fingerprint } of decodeCommit(body).sections) {
          if (schemas.has(fingerprint)) continue;
          const known = missing.get(fingerprint) ?? {
            file: schemaFile(dataDir, fingerprint),
            offset,
            toOffset: offset,
          };
          missing.set(fingerprint, { ...known, toOffset: offset + count });
        }
      },
    });
    for (const { file, offset, toOffset } of missing.values()) {
      findings.push({
        log,
        file,
        byte: null,
        offset,
        toOffset,
        what: 'the schema of these events is missing or damaged',
      });
    }
    findings.push(...verified.findings);
    return verified;
  });
  if (fetches) {
    for (const { log } of logs) findings.push(...(await verifyAway(nodeSyncFs, join(journalDir, log), log)));
  }
  return { logs, findings };
}

/** Fingerprints of the schemas whose files have what their names say. */
function checkSchemas(dataDir: string, findings: Finding[]): ReadonlySet<string> {
  const whole = new Set<string>();
  for (const [fingerprint, json] of readSchemaTexts(dataDir)) {
    if (fingerprintOf(json) === fingerprint) whole.add(fingerprint);
    else {
      const file = schemaFile(dataDir, fingerprint);
      findings.push({
        log: '',
        file,
        byte: null,
        offset: 0,
        toOffset: 0,
        what: 'the schema is not the one of its name',
      });
    }
  }
  return whole;
}

function fingerprintOf(json: string): string | null {
  try {
    return dynamicEventType(recordOf(json).schema).fingerprint;
  } catch {
    return null;
  }
}

function schemaFile(dataDir: string, fingerprint: string): string {
  return join(dataDir, 'schemas', `${fingerprint}.avsc`);
}

/** The next offset of each log, by read model. */
export async function projectedOffsets(
  dataDir: string,
): Promise<{ readonly store: string; readonly offsets: ReadonlyMap<string, number> }[]> {
  const owner = knownOwner(dataDir);
  const drivers = await storesOn(dataDir);
  return Promise.all(
    drivers.map(async (driver) => {
      return { store: driver.name, offsets: await driver.offsets(dataDir, owner) };
    }),
  );
}

/** The stores that the pipeline of the directory last ran with; all stores where the directory does not say. */
async function storesOn(dataDir: string): Promise<readonly StoreDriver[]> {
  try {
    const { stores = STORE_NAMES, declared } = savedTableShapes(dataDir);
    return await driversOf(stores, declared);
  } catch {
    return STORE_DRIVERS;
  }
}
