/** Every fault at every operation of short workloads: nothing acknowledged is lost, nothing damaged passes for whole. */
import { afterAll, describe, expect, test } from 'vitest';
import { type Choose, keepNothing, seededChoice } from './choices.ts';
import {
  crashTwice,
  cutPowerEverywhere,
  cutPowerOften,
  type Findings,
  failEverywhere,
  killEverywhere,
  shortWrites,
  type Workload,
} from './crash-everywhere.ts';
import { damageEverywhere } from './damage-everywhere.ts';

/** What was counted goes out at the end, as a table. */
const counted: Record<string, { disks: number; acknowledged: number; lost: number }> = {};
const damaged: Record<string, { disks: number; 'passed silently': number }> = {};
afterAll(() => {
  console.table(counted);
  console.table(damaged);
});

function expectNone(name: string, { cases, promised, faults }: Findings): void {
  const sum = counted[name] ?? { disks: 0, acknowledged: 0, lost: 0 };
  counted[name] = {
    disks: sum.disks + cases,
    acknowledged: sum.acknowledged + promised,
    lost: sum.lost + faults.length,
  };
  expect(faults.slice(0, 3)).toEqual([]);
  expect(cases).toBeGreaterThan(0);
}

function expectRefused(name: string, { cases, faults }: Findings): void {
  const sum = damaged[name] ?? { disks: 0, 'passed silently': 0 };
  damaged[name] = { disks: sum.disks + cases, 'passed silently': sum['passed silently'] + faults.length };
  expect(faults.slice(0, 3)).toEqual([]);
  expect(cases).toBeGreaterThan(0);
}

const append = (...sizes: number[]) => ({ kind: 'append' as const, sizes });
const SNAPSHOT = { kind: 'snapshot' } as const;
const REOPEN = { kind: 'reopen' } as const;
const TIME = { kind: 'time' } as const;

/** Three operations on a fresh disk find most bugs (Mohan et al., OSDI'18): short, and each mechanism in one of them. */
const WORKLOADS: Record<string, Workload> = {
  'two groups': { steps: [append(40), append(30, 30)], segmentBytes: 4096 },
  'a roll': { steps: [append(40), append(40), append(40)], segmentBytes: 100 },
  'a frame over sectors': { steps: [append(600), append(100, 300)], segmentBytes: 4096 },
  'HEAD while it runs': { steps: [append(40), TIME, append(40), TIME], segmentBytes: 4096 },
  'a snapshot': { steps: [append(40), SNAPSHOT, append(40), SNAPSHOT], segmentBytes: 100 },
  'a restart': { steps: [append(40), REOPEN, append(40), REOPEN, append(40)], segmentBytes: 150 },
};

const ALL: Choose = (options) => options - 1;
const CRASHES = [keepNothing, ALL, seededChoice(1), seededChoice(2)];
const SEEDS = Array.from({ length: 16 }, (_, seed) => seededChoice(seed));

describe.each(Object.entries(WORKLOADS))('in the workload %s', (_, workload) => {
  test('a power cut at any operation, with any part kept of what was not synced', async () => {
    expectNone(`power cut`, await cutPowerEverywhere(workload, 20_000));
  });

  test('under os a power cut takes back no more than what was not synced, and no start is refused', async () => {
    expectNone(`power cut (os)`, await cutPowerOften({ ...workload, durability: 'os' }, SEEDS));
  });

  test('a crash at any operation, and another at any operation of the start after it', async () => {
    expectNone(`crash in a crash`, await crashTwice(workload, CRASHES.slice(0, 2)));
  });

  test.each(['fsync', 'os'] as const)('a kill at any operation, with durability %s', async (durability) => {
    expectNone(`kill (${durability})`, await killEverywhere({ ...workload, durability }));
  });

  test('any operation that fails, once or for ever', async () => {
    const findings = await failEverywhere(workload, ['EIO', 'ENOSPC', 'EDQUOT', 'EMFILE'], CRASHES);
    expectNone(`failing operation`, findings);
  });

  test.each([1, 7, 511])('writes that take %d bytes at most', async (take) => {
    expectNone(`writes of ${take}`, await shortWrites(workload, take, take === 1 ? CRASHES.slice(0, 2) : CRASHES));
  });

  test.each(['HEAD', 'read model'] as const)(
    'any byte damaged of what was acknowledged, by the witness of %s',
    async (witness) => {
      expectRefused(`byte flipped or file cut, witness: ${witness}`, await damageEverywhere(workload, witness));
    },
  );
});
