/** Faults, enumerated: the same workload with a crash, or a failing operation, at each of its operations in turn. */
import type { Fs } from '../../src/journal/fs.ts';
import { type Choose, everyChoice, keepNothing } from './choices.ts';
import type { Disk as Image } from './crash-disk.ts';
import { type CrashFs, type CrashFsOptions, crashFs, failing, type Operation } from './crash-fs.ts';
import { type Disk, faultOf, type Ledger, newLedger, type ProcessOptions, runProcess, type Step } from './workload.ts';

export interface Findings {
  /** Disks that a journal was started on. */
  cases: number;
  /** Acknowledged records that each of them was searched for, all together. */
  promised: number;
  /** What was wrong, with what led to it. */
  readonly faults: string[];
}

export interface Workload extends ProcessOptions {
  readonly steps: readonly Step[];
  /** A journal with a bug: its ports, bent. */
  readonly bend?: ((fs: Fs) => Fs) | undefined;
  /** Stops at so many faults. */
  readonly enough?: number;
}

interface Moment {
  readonly operation: Operation | null;
  readonly image: Image;
  readonly promised: number;
}

const CHANGES: readonly Operation['kind'][] = [
  'create',
  'write',
  'datasync',
  'truncate',
  'rename',
  'unlink',
  'mkdir',
  'syncDirectory',
];

function diskOf(crash: CrashFs, { bend }: Workload): Disk {
  return { fs: bend?.(crash) ?? crash, syncFs: crash.syncFs };
}

/** Runs the workload once, and keeps the disk as it was before each operation that changes it, and at the end. */
async function momentsOf(
  workload: Workload,
  ledger: Ledger,
  options: CrashFsOptions = {},
): Promise<{ moments: Moment[]; error: unknown; operations: number }> {
  const moments: Moment[] = [];
  const promised = (): number => (workload.durability === 'os' ? ledger.synced : ledger.promised.length);
  let operations = 0;
  const crash: CrashFs = crashFs({
    ...options,
    onOperation(operation) {
      operations += 1;
      if (CHANGES.includes(operation.kind)) {
        moments.push({ operation, image: crash.image(), promised: promised() });
      }
      return options.onOperation?.(operation);
    },
  });
  const error = await runProcess(diskOf(crash, workload), workload.steps, ledger, workload);
  moments.push({ operation: null, image: crash.image(), promised: promised() });
  return { moments, error, operations };
}

/** Starts on what a crash left of a moment. */
async function judge(
  findings: Findings,
  workload: Workload,
  ledger: Ledger,
  moment: Moment,
  crash: CrashFs,
  how: () => string,
): Promise<void> {
  findings.cases += 1;
  findings.promised += moment.promised;
  const cutPower = (): Disk => diskOf(crash.crash(keepNothing), workload);
  const fault = await faultOf(diskOf(crash, workload), cutPower, ledger, moment.promised, workload);
  if (fault === null) return;
  const at = moment.operation === null ? 'the end' : `${moment.operation.kind} ${moment.operation.path}`;
  findings.faults.push(`before ${at} (operation ${moment.operation?.index ?? '-'}), ${how()}: ${fault}`);
}

/** A power cut at each operation, with each part of what was not synced kept and lost. */
export async function cutPowerEverywhere(workload: Workload, most: number): Promise<Findings> {
  const findings: Findings = { cases: 0, promised: 0, faults: [] };
  const ledger = newLedger();
  const { moments } = await momentsOf(workload, ledger);
  for (const moment of moments) {
    for (const choose of everyChoice(most)) {
      const { answers, asking } = recording(choose);
      const crash = crashFs({ disk: moment.image }).crash(asking);
      await judge(findings, workload, ledger, moment, crash, () => `power cut ${answers.join(', ')}`);
      if (findings.faults.length >= (workload.enough ?? Number.POSITIVE_INFINITY)) return findings;
    }
  }
  return findings;
}

/** A power cut at each operation, in each of these ways: for a workload with too much unsynced for all of them. */
export async function cutPowerOften(workload: Workload, crashes: readonly Choose[]): Promise<Findings> {
  return crashEach(workload, {}, crashes, (number) => `power cut ${number}`);
}

async function crashEach(
  workload: Workload,
  options: CrashFsOptions,
  crashes: readonly Choose[],
  how: (number: number) => string,
): Promise<Findings> {
  const findings: Findings = { cases: 0, promised: 0, faults: [] };
  const ledger = newLedger();
  const { moments } = await momentsOf(workload, ledger, options);
  for (const moment of moments) {
    for (const [number, choose] of crashes.entries()) {
      const crash = crashFs({ disk: moment.image }).crash(choose);
      await judge(findings, workload, ledger, moment, crash, () => how(number));
    }
  }
  return findings;
}

/** The process is killed at each operation: the system's memory has everything, and then the power goes too. */
export async function killEverywhere(workload: Workload): Promise<Findings> {
  const findings: Findings = { cases: 0, promised: 0, faults: [] };
  const ledger = newLedger();
  const { moments } = await momentsOf(workload, ledger);
  for (const moment of moments) {
    const crash = crashFs({ disk: moment.image });
    await judge(findings, workload, ledger, moment, crash, () => 'killed');
    if (findings.faults.length >= (workload.enough ?? Number.POSITIVE_INFINITY)) return findings;
  }
  return findings;
}

/**
 * A kill or a power cut at each operation, and a power cut at each operation of the start after it: what that start
 * found and answered for must be there as well.
 */
export async function crashTwice(workload: Workload, crashes: readonly Choose[]): Promise<Findings> {
  const findings: Findings = { cases: 0, promised: 0, faults: [] };
  const ledger = newLedger();
  const { moments } = await momentsOf(workload, ledger);
  for (const moment of moments) {
    for (const first of [null, ...crashes]) {
      const disk = first === null ? moment.image : crashFs({ disk: moment.image }).crash(first).image();
      const life = copyLedger(ledger, moment.promised);
      const start = await momentsOf({ ...workload, steps: [] }, life, { disk: crashFs({ disk }).image() });
      for (const during of start.moments) {
        for (const second of crashes) {
          const crash = crashFs({ disk: during.image }).crash(second);
          const how = (): string => `in the start after a crash at ${moment.operation?.index ?? 'the end'}`;
          await judge(findings, workload, life, during, crash, how);
          if (findings.faults.length >= (workload.enough ?? Number.POSITIVE_INFINITY)) return findings;
        }
      }
    }
  }
  return findings;
}

function copyLedger({ promised, attempted, lives }: Ledger, promisedCount: number): Ledger {
  return { ...newLedger(), promised: promised.slice(0, promisedCount), attempted: new Map(attempted), lives };
}

/** Each operation fails, once or from then on; then a power cut in each of the ways of `crashes`. */
export async function failEverywhere(
  workload: Workload,
  codes: readonly string[],
  crashes: readonly Choose[],
): Promise<Findings> {
  const findings: Findings = { cases: 0, promised: 0, faults: [] };
  const { operations } = await momentsOf(workload, newLedger());
  for (const code of codes) {
    for (const forEver of [false, true]) {
      for (let index = 0; index < operations; index++) {
        const ledger = newLedger();
        const { moments } = await momentsOf(workload, ledger, { onOperation: failing(index, code, forEver) });
        const end = moments.at(-1);
        if (end === undefined) continue;
        for (const [number, choose] of [null, ...crashes].entries()) {
          const disk = crashFs({ disk: end.image });
          const crash = choose === null ? disk : disk.crash(choose);
          const how = (): string =>
            `operation ${index} failed with ${code}${forEver ? ' for ever' : ''}, then ${number === 0 ? 'a restart' : `crash ${number}`}`;
          const image = { ...end, image: crash.image() };
          await judge(findings, workload, ledger, image, crashFs({ disk: image.image }), how);
          if (findings.faults.length >= (workload.enough ?? Number.POSITIVE_INFINITY)) return findings;
        }
      }
    }
  }
  return findings;
}

function recording(choose: Choose): { asking: Choose; answers: string[] } {
  const answers: string[] = [];
  return {
    answers,
    asking(options, what) {
      const answer = choose(options, what);
      answers.push(`${what}: ${answer} of ${options}`);
      return answer;
    },
  };
}

/** Each write takes `take` of its bytes at most, and a power cut at each of the many operations that this makes. */
export async function shortWrites(workload: Workload, take: number, crashes: readonly Choose[]): Promise<Findings> {
  return crashEach(
    workload,
    { shortWrite: () => take },
    crashes,
    (number) => `writes of ${take} bytes, crash ${number}`,
  );
}
