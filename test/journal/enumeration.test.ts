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
const counted: Record<string, { cases: number; faults: number }> = {};
afterAll(() => console.table(counted));

function expectNone(name: string, { cases, faults }: Findings): void {
  counted[name] = { cases, faults: faults.length };
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
const SEEDS = Array.from({ length: 100 }, (_, seed) => seededChoice(seed));

describe.each(Object.entries(WORKLOADS))('in the workload %s', (name, workload) => {
  test('a power cut at any operation, with any part kept of what was not synced', async () => {
    expectNone(`${name}: power cut`, await cutPowerEverywhere(workload, 20_000));
  });

  test('under os a power cut takes back no more than what was not synced, and no start is refused', async () => {
    expectNone(`${name}: power cut (os)`, await cutPowerOften({ ...workload, durability: 'os' }, SEEDS));
  });

  test('a crash at any operation, and another at any operation of the start after it', async () => {
    expectNone(`${name}: crash in a crash`, await crashTwice(workload, CRASHES.slice(0, 2)));
  });

  test.each(['fsync', 'os'] as const)('a kill at any operation, with durability %s', async (durability) => {
    expectNone(`${name}: kill (${durability})`, await killEverywhere({ ...workload, durability }));
  });

  test('any operation that fails, once or for ever', async () => {
    const findings = await failEverywhere(workload, ['EIO', 'ENOSPC', 'EDQUOT', 'EMFILE'], CRASHES);
    expectNone(`${name}: failing operation`, findings);
  });

  test.each([1, 7, 511])('writes that take %d bytes at most', async (take) => {
    expectNone(`${name}: writes of ${take}`, await shortWrites(workload, take, CRASHES));
  });

  test.each(['HEAD', 'read model'] as const)(
    'any byte damaged of what was acknowledged, by the witness of %s',
    async (witness) => {
      expectNone(`${name}: damage (${witness})`, await damageEverywhere(workload, witness));
    },
  );
});
