/** A replay derives what the log has, over restarts and changes of the configuration; anything else is pointed at. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BUILTIN_TYPES } from '../../src/builtin-types.ts';
import type { Transaction } from '../../src/fraud/schemas.ts';
import { type Commit, decodeCommit, encodeCommit, type Section } from '../../src/messages/commit.ts';
import { createRegistry } from '../../src/messages/registry.ts';
import { OPERATOR_KINDS } from '../../src/operator-kinds/kinds.ts';
import type { Derivation } from '../../src/partition/derivation.ts';
import { type DerivationSince, type LoggedCommit, rederive } from '../../src/partition/rederive.ts';
import { type DriverOptions, drivePartition, END, type Step, TRANSACTIONS } from './driver.ts';
import { derivationOfOne } from './one-input.ts';

const options = {
  ...TRANSACTIONS,
  watermark: { kind: 'bounded', outOfOrdernessMs: 20 },
  windows: [
    {
      name: 'totals',
      keyField: 'customerId',
      window: { kind: 'tumbling', sizeMs: 50, offsetMs: 0 },
      allowedLatenessMs: 10,
      earlyMs: null,
      where: null,
      aggregates: [{ name: 'total', fn: 'sum', field: 'amountCents' }],
    },
  ],
  fraud: {
    sessionGapMs: 30,
    caseQuietMs: 200,
    rules: { amountCents: 900, velocityCount: 3, deviations: 2, minHistory: 2 },
  },
} satisfies DriverOptions;
const stricter = { ...options, fraud: { ...options.fraud, rules: { ...options.fraud.rules, amountCents: 400 } } };
const derivation = derivationOfOne(options);

let transactionId = 0;
const step = fc
  .record({
    customerId: fc.integer({ min: 1, max: 3 }),
    at: fc.integer({ min: 0, max: 400 }),
    amountCents: fc.integer({ min: 0, max: 1000 }),
  })
  .map(({ customerId, at, amountCents }): Step => {
    transactionId += 1;
    return { transactionId, customerId, terminalId: 1, amountCents, occurredAt: at } satisfies Transaction;
  });
const batches = fc.array(fc.array(step, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 8 });

/** Commits as they lie in a log. */
function logged(commits: readonly Commit[]): LoggedCommit[] {
  let offset = 0;
  return commits.map((commit) => {
    const at = offset;
    offset += encodeCommit(commit).count;
    return { offset: at, commit: decodeCommit(Buffer.concat(encodeCommit(commit).parts)) };
  });
}
const again = (commits: readonly Commit[], ...history: readonly DerivationSince[]) =>
  rederive(
    {
      partition: 0,
      commits: logged(commits),
      before: (toOffset) => before(commits, toOffset),
      history,
      start: null,
      comparedFrom: 0,
    },
    createRegistry(BUILTIN_TYPES),
    OPERATOR_KINDS,
  );
const before = (commits: readonly Commit[], toOffset: number) =>
  logged(commits).filter(({ offset }) => offset < toOffset);
const since = (fromOffset: number, of: Derivation = derivation): DerivationSince => ({
  fromOffset,
  derivation: of,
  newBegin: 'at-start',
});

/** Runs the batches; before the batch `restartAt` the partition is stopped and started with another derivation. */
function run(input: readonly (readonly Step[])[], restartAt = input.length, after: DriverOptions = options) {
  let driver = drivePartition(options);
  const commits: Commit[] = [];
  for (const [i, steps] of [...input, [END]].entries()) {
    if (i === restartAt) driver = drivePartition(after, driver.snapshot());
    driver.pipe(...steps);
    commits.push(driver.commits.at(-1)!);
  }
  return commits;
}

describe('deriving a log anew', () => {
  test('gives what the log has, whatever the input', async () => {
    await fc.assert(
      fc.asyncProperty(batches, async (input) => {
        const commits = run(input);
        const result = await again(commits, since(0));
        expect(result).toMatchObject({ commits: commits.length, differences: 0, first: null });
        expect(result.inputEvents).toBe(input.flat().length + 1);
        expect(result.derivedEvents).toBeGreaterThanOrEqual(input.flat().length);
      }),
    );
  });

  test('changes with the configuration where the service did', async () => {
    await fc.assert(
      fc.asyncProperty(batches, fc.nat(8), async (input, at) => {
        const restartAt = Math.min(at, input.length);
        const commits = run(input, restartAt, stricter);
        const offset = logged(commits)[restartAt]?.offset ?? 0;
        const history =
          restartAt === 0
            ? [since(0, derivationOfOne(stricter))]
            : [since(0), since(offset, derivationOfOne(stricter))];
        expect((await again(commits, ...history)).first).toBeNull();
      }),
    );
  });

  test('with other rules points at the first commit that differs, and says how', async () => {
    const pay = (id: number, amountCents: number): Transaction => ({
      transactionId: id,
      customerId: 1,
      terminalId: 1,
      amountCents,
      occurredAt: id,
    });
    const commits = run([[pay(1, 100)], [pay(2, 500)], [pay(3, 100)]]);
    const { differences, first } = await again(commits, since(0, derivationOfOne(stricter)));
    expect(differences).toBeGreaterThan(0);
    expect(first?.offset).toBe(logged(commits)[1]?.offset);
    expect(first?.detail).toMatch(/TransactionScored: the journal has .*"score":0,.* now it is .*"score":0\.9/);
  });

  test('points at any derived event that was changed, dropped or added', async () => {
    const driver = drivePartition(options);
    driver.pipe({ transactionId: 1, customerId: 1, terminalId: 1, amountCents: 1000, occurredAt: 5 }, END);
    const commit = driver.commits[0]!;
    expect((await again([commit], since(0))).differences).toBe(0);
    const derived = commit.sections.filter(({ role }) => role === 'derived');
    expect(derived.length).toBeGreaterThan(3);
    for (const section of derived) {
      const changed: Section = { ...section, bytes: section.bytes.map((byte, i) => (i === 2 ? byte ^ 2 : byte)) };
      const others = commit.sections.filter((other) => other !== section);
      for (const sections of [others, [...others, changed], [...commit.sections, section]]) {
        expect(await again([{ ...commit, sections }], since(0))).toMatchObject({
          differences: 1,
          first: { offset: 0 },
        });
      }
    }
  });

  test('does not guess by what the first commits were derived', async () => {
    await expect(again(run([]), since(1))).rejects.toThrow('not known by what the commit at offset 0');
  });
});
