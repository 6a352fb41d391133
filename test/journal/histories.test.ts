/** Long lives of one log on one disk: processes that are killed, lose power, and meet disks that fail, one after another. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keepNothing, seededChoice } from './choices.ts';
import { copyDisk, type Disk as Image, newDisk, powerCut } from './crash-disk.ts';
import { type CrashFs, crashFs, failing } from './crash-fs.ts';
import { faultOf, type Ledger, newLedger, runProcess, type Step } from './workload.ts';

interface Life {
  readonly steps: readonly Step[];
  /** Operation at which it ends, if it comes so far; a close otherwise. */
  readonly endAt: number;
  /** What the end takes with it: nothing, or what this seed does not keep. */
  readonly powerCut: number | null;
  readonly fault: { readonly at: number; readonly code: string; readonly forEver: boolean } | null;
  /** Bytes that a write takes at most. */
  readonly take: number;
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      sizes: fc.array(fc.integer({ min: 20, max: 1500 }), { minLength: 1, maxLength: 4 }),
    }),
  },
  fc.constant({ kind: 'snapshot' as const }),
  fc.constant({ kind: 'time' as const }),
  fc.constant({ kind: 'reopen' as const }),
);
const life: fc.Arbitrary<Life> = fc.record({
  steps: fc.array(step, { maxLength: 12 }),
  endAt: fc.nat(150),
  powerCut: fc.option(fc.nat(), { freq: 3 }),
  fault: fc.option(
    fc.record({
      at: fc.nat(100),
      code: fc.constantFrom('EIO', 'ENOSPC', 'EDQUOT', 'EMFILE'),
      forEver: fc.boolean(),
    }),
    { freq: 2 },
  ),
  take: fc.constantFrom(1_000_000, 1_000_000, 300, 40),
});

/** Lives it, and gives the disk that its end left, and what had been promised by then. */
async function live(disk: Image, ledger: Ledger, segmentBytes: number, plan: Life): Promise<Image> {
  let end: { image: Image; promised: number } | null = null;
  const fail = plan.fault === null ? () => {} : failing(plan.fault.at, plan.fault.code, plan.fault.forEver);
  const crash: CrashFs = crashFs({
    disk,
    onOperation(operation) {
      if (operation.index === plan.endAt) end = { image: crash.image(), promised: ledger.promised.length };
      fail(operation);
    },
    shortWrite: () => plan.take,
  });
  await runProcess({ fs: crash, syncFs: crash.syncFs }, plan.steps, ledger, { segmentBytes });
  const left: { image: Image; promised: number } = end ?? { image: crash.image(), promised: ledger.promised.length };
  ledger.promised.length = left.promised;
  return plan.powerCut === null ? left.image : powerCut(left.image, seededChoice(plan.powerCut));
}

let lives = 0;
let promised = 0;

test('whatever happens to it, a log has what it promised, and nothing that it was not given', async () => {
  const histories = fc.tuple(fc.array(life, { minLength: 1, maxLength: 6 }), fc.constantFrom(100, 1000, 4096, 65_536));
  await fc.assert(
    fc.asyncProperty(histories, async ([plans, segmentBytes]) => {
      const ledger = newLedger();
      let disk = newDisk();
      for (const plan of plans) {
        disk = await live(disk, ledger, segmentBytes, plan);
        const crash = crashFs({ disk: copyDisk(disk) });
        const cutPower = () => {
          const after = crash.crash(keepNothing);
          return { fs: after, syncFs: after.syncFs };
        };
        const options = { segmentBytes };
        const found = await faultOf(
          { fs: crash, syncFs: crash.syncFs },
          cutPower,
          ledger,
          ledger.promised.length,
          options,
        );
        expect(found).toBeNull();
        lives += 1;
        promised += ledger.promised.length;
      }
    }),
    { numRuns: Number(process.env.HISTORIES ?? 300) },
  );
  process.stdout.write(`${lives} ends of a process, ${promised} promised records looked for, 0 lost\n`);
});
