/** A partition with its actors on a journal in memory, whose disk does what the test says. */
import { expect, onTestFinished, test } from 'vitest';
import { createPartitionHost } from '../../src/actors/partition-host.ts';
import { startSupervisor } from '../../src/actors/supervisor.ts';
import { BUILTIN_TYPES } from '../../src/builtin-types.ts';
import { transactionType } from '../../src/fraud/types.ts';
import { JournalError } from '../../src/journal/error.ts';
import type { Log } from '../../src/journal/log.ts';
import type { SnapshotStore } from '../../src/journal/snapshots.ts';
import { createRegistry } from '../../src/messages/registry.ts';
import { OPERATOR_KINDS } from '../../src/operator-kinds/kinds.ts';
import { createPartitionFold, derivationTypes } from '../../src/partition/derivation.ts';
import { createPartitionUnit } from '../../src/service/partition-unit.ts';
import { nextTurn, nodePlatform } from '../../src/service/platform.ts';
import { memoryImage, memoryReader, memorySnapshots, openMemoryJournal } from '../journal/memory-journal.ts';
import { derivationOfOne } from '../partition/one-input.ts';

const PAYMENTS = derivationOfOne({
  stream: 's',
  schema: transactionType.schema,
  timeField: 'occurredAt',
  watermark: { kind: 'bounded', outOfOrdernessMs: 0 },
});

const FULL = new JournalError({ kind: 'no-space', log: 's-0', file: 's-0' }, 'The disk is full');

/** A running partition that takes a snapshot with each commit, if it can. */
async function start(snapshots: SnapshotStore, change: (log: Log) => Log = (log) => log, lingerMs = 0) {
  const image = memoryImage();
  const log = change(await openMemoryJournal(image).openLog('s-0'));
  let nowMs = 0;
  const failures: unknown[] = [];
  const changes: string[] = [];
  /** Events of each commit, and what waits for time to pass. */
  const commits: number[] = [];
  const sleepers: (() => void)[] = [];
  const types = derivationTypes(PAYMENTS, OPERATOR_KINDS);
  const supervision = {
    policy: { intensity: 0, periodMs: 1000, minBackoffMs: 1, maxBackoffMs: 1, jitter: 0 },
    shutdownMs: 60_000,
    nowMs: () => nowMs,
    random: () => 0,
    record: ({ change: what }: { change: string }) => void changes.push(what),
  };
  const registry = createRegistry(BUILTIN_TYPES);
  const newFold = () => createPartitionFold(PAYMENTS, types, 0, registry);
  const unit = createPartitionUnit({
    newHost: () =>
      createPartitionHost({
        fold: newFold(),
        newFold,
        writerOf: registry.writerOf,
        commits: (fromOffset, toOffset) => memoryReader(image).commits('s-0', { fromOffset, toOffset }),
        nextTurn: () => nextTurn(nodePlatform),
      }),
    derivers: ['window-aggregator'],
    log,
    snapshots,
    stream: 's',
    quarantineAfter: 3,
    writerOf: registry.writerOf,
    onDivided() {},
    onHalted() {},
    onAnew() {},
    queueBatches: 8,
    lingerMs,
    snapshotEveryEvents: 1,
    snapshotEveryMs: 60_000,
    supervision,
    children: { add: () => false, remove: async () => {} },
    opensAtStart: true,
    parent: 'test',
    platform: {
      ...nodePlatform,
      nowMs: () => nowMs,
      sleep: () => new Promise<void>((resolve) => void sleepers.push(resolve)),
    },
    committed: ({ events }) => void commits.push(events),
    snapshotSaved: async () => {},
    onSnapshotFailed: (_, error) => failures.push(error),
  });
  const supervise = () => {
    const root = startSupervisor(
      { id: 'test', kind: 'root', parent: '', strategy: 'one_for_one', children: [unit.spec], ports: supervision },
      { failed: () => changes.push('gave up'), stopped() {} },
    );
    onTestFinished(() => root.kill());
    return root;
  };
  const root = supervise();
  await unit.ready;
  let next = 0;
  const send = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const event = { transactionId: next, customerId: 1, terminalId: 1, amountCents: 1, occurredAt: next };
      next += 1;
      unit.mailbox.offer({
        source: 'test',
        next,
        blocks: [transactionType.encodeBlock([event])],
        onDurable: () => resolve(),
        onRejected: reject,
      });
    });
  return {
    unit,
    root,
    supervise,
    send,
    failures,
    changes,
    commits,
    sleepers,
    pass(ms: number) {
      nowMs += ms;
    },
  };
}

test('a snapshot that can not be written is told, tried again later, and stops nothing', async () => {
  const store = memorySnapshots();
  let broken = true;
  const snapshots: SnapshotStore = {
    ...store,
    save: (...words) => (broken ? Promise.reject(new Error('no space')) : store.save(...words)),
  };
  const { send, failures, changes, pass, root } = await start(snapshots);
  await send();
  await expect.poll(() => failures.length).toBe(1);
  for (let times = 0; times < 5; times++) await send();
  expect(failures).toHaveLength(1);
  pass(10_000);
  await send();
  await expect.poll(() => failures.length).toBe(2);
  broken = false;
  pass(10_000);
  await send();
  await expect.poll(async () => (await store.latest('s-0'))?.offset).toBe(8);
  expect(changes).toEqual([]);
  broken = true;
  await send();
  await root.drain();
  expect(changes).not.toContain('failed');
});

test('a stop does not wait for a log that waits for space, and nothing that waits is acknowledged', async () => {
  let stalled = false;
  const { send, unit, root, changes } = await start(memorySnapshots(), (log) => ({
    ...log,
    state: () => (stalled ? { kind: 'stalled', error: FULL } : log.state()),
    append: (...words) => (stalled ? new Promise(() => {}) : log.append(...words)),
  }));
  await send();
  stalled = true;
  const waiting = Promise.allSettled([send(), send()]);
  const asked = performance.now();
  await root.drain();
  expect(performance.now() - asked).toBeLessThan(5_000);
  unit.mailbox.abandon(new Error('stopping'));
  for (const outcome of await waiting) expect(outcome.status).toBe('rejected');
  expect(changes).not.toContain('failed');
});

test('a recovery that was given up, and ends late, leaves the partition of the next one alone', async () => {
  const store = memorySnapshots();
  let hold = false;
  const held: (() => void)[] = [];
  const snapshots: SnapshotStore = {
    ...store,
    async latest(...words) {
      const found = await store.latest(...words);
      if (hold) await new Promise<void>((resolve) => held.push(resolve));
      return found;
    },
  };
  const { unit, root, supervise, send } = await start(snapshots);
  await send();
  await expect.poll(async () => (await store.latest('s-0'))?.offset).toBe(1);
  root.kill();
  hold = true;
  const givenUp = supervise();
  await expect.poll(() => held.length).toBe(1);
  givenUp.kill();
  hold = false;
  supervise();
  await send();
  expect(unit.position('test')).toBe(2);
  held[0]?.();
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(unit.position('test')).toBe(2);
});

test('with a linger, batches that come within it become one commit; a full mailbox and a stop wait for none', async () => {
  const { send, root, commits, sleepers } = await start(memorySnapshots(), undefined, 5);
  const gathered = [send(), send(), send()];
  await turns();
  expect(commits).toEqual([]);
  expect(sleepers).toHaveLength(1);
  sleepers.shift()?.();
  await Promise.all(gathered);
  expect(commits).toEqual([3]);
  await Promise.all(Array.from({ length: 8 }, send));
  expect(commits.reduce((sum, events) => sum + events)).toBe(11);
  sleepers.shift()?.();
  await turns();
  const last = send();
  await turns();
  expect(sleepers).toHaveLength(1);
  await root.drain();
  await last;
  expect(commits.at(-1)).toBe(1);
});

async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
