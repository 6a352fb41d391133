/** Damage to what was acknowledged, at each byte in turn: a start or a reader must refuse it, and change nothing. */
import { join } from 'node:path';
import { JournalError } from '../../src/journal/error.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { segmentBases, segmentName } from '../../src/journal/segment.ts';
import type { Disk as Image } from './crash-disk.ts';
import type { Findings, Workload } from './crash-everywhere.ts';
import { type CrashFs, crashFs } from './crash-fs.ts';
import { LOG } from './scratch.ts';
import { DIR, newLedger, recordsOf, runProcess } from './workload.ts';

/** Who knows, besides the log, how far it went: its own HEAD after a close, or a read model after a kill. */
export type Witness = 'HEAD' | 'read model' | 'snapshot';

type Damage = (bytes: Buffer) => Buffer;

/** Flips a bit of each byte of each segment, then cuts each segment at each length. */
export async function damageEverywhere(workload: Workload, witness: Witness): Promise<Findings> {
  const findings: Findings = { cases: 0, promised: 0, faults: [] };
  const ledger = newLedger();
  const crash = crashFs();
  await runProcess({ fs: crash, syncFs: crash.syncFs }, workload.steps, ledger, workload);
  if (witness !== 'HEAD') await crash.unlink(join(DIR, LOG, 'HEAD'));
  const image = crash.image();
  for (const base of segmentBases(crash.syncFs.list(join(DIR, LOG)))) {
    const path = join(DIR, LOG, segmentName(base));
    const { length } = crash.syncFs.read(path);
    for (let at = 0; at < length; at++) {
      for (const [what, damage] of [
        [`bit ${at % 8} of byte ${at} flipped`, flip(at, at % 8)],
        [`cut to ${at} bytes`, (bytes: Buffer) => bytes.subarray(0, at)],
      ] as const) {
        findings.cases += 1;
        findings.promised += ledger.promised.length;
        const fault = await passed(image, path, damage, workload, ledger.promised, witness);
        if (fault !== null) findings.faults.push(`${segmentName(base)}, ${what}: ${fault}`);
        if (findings.faults.length >= (workload.enough ?? Number.POSITIVE_INFINITY)) return findings;
      }
    }
  }
  return findings;
}

function flip(byte: number, bit: number): Damage {
  return (bytes) => {
    bytes.writeUInt8(bytes.readUInt8(byte) ^ (1 << bit), byte);
    return bytes;
  };
}

/** What passed that should not have; null when the damage was refused, or every record is there all the same. */
async function passed(
  image: Image,
  path: string,
  damage: Damage,
  workload: Workload,
  promised: readonly string[],
  witness: Witness,
): Promise<string | null> {
  const crash = crashFs({ disk: crashFs({ disk: image }).image() });
  const damaged = damage(crash.syncFs.read(path));
  await rewrite(crash, path, damaged);
  try {
    const journal = await openJournal(DIR, {
      fs: workload.bend?.(crash) ?? crash,
      durability: 'fsync',
      segmentBytes: workload.segmentBytes,
      salt: () => 1,
      lock: () => () => {},
      ...(witness === 'read model' ? { witnesses: () => promised.length } : {}),
    });
    try {
      const log = await journal.openLog(LOG);
      const found = recordsOf(crash.syncFs, log.durableOffset());
      return found.join('\n') === promised.join('\n') ? null : `${found.length} of ${promised.length} records are left`;
    } finally {
      await journal.close();
    }
  } catch (error) {
    if (!(error instanceof JournalError) || error.kind !== 'corrupt') return `it failed otherwise: ${String(error)}`;
    return crash.syncFs.read(path).equals(damaged) ? null : 'it was refused, and yet changed';
  }
}

async function rewrite(crash: CrashFs, path: string, bytes: Buffer): Promise<void> {
  const file = await crash.openForAppend(path);
  await file.truncate(bytes.length);
  await file.write([bytes], 0);
  await file.datasync();
  await file.close();
}
