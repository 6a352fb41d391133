/** Hosts of partitions in real threads: what one of them fails with, and what the end of its thread does to others. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { FailedElsewhere, type PartitionHost } from '../../src/actors/partition-host.ts';
import { transactionType } from '../../src/fraud/types.ts';
import { journalOf } from '../../src/journal/open-reader.ts';
import { DEFAULT_REQUEST_LIMITS } from '../../src/partition/requests.ts';
import { loadUserModule } from '../../src/user-code/load-module.ts';
import { userOperatorKind } from '../../src/user-code/user-operator-kind.ts';
import type { OpenPartition } from '../../src/workers/partition-protocol.ts';
import { type PartitionThreads, startPartitionThreads } from '../../src/workers/partition-threads.ts';
import { derivationOfOne } from '../partition/one-input.ts';

const STUCK = fileURLToPath(new URL('../fixtures/operators/stuck-in-s.js', import.meta.url));

function start(
  count: number,
  stuckAfterMs = 30_000,
): { readonly threads: PartitionThreads; readonly place: OpenPartition } {
  const dataDir = mkdtempSync(join(tmpdir(), 'millrace-threads-'));
  const threads = startPartitionThreads(count, stuckAfterMs);
  onTestFinished(async () => {
    await threads.close();
    rmSync(dataDir, { recursive: true });
  });
  const place: OpenPartition = {
    dataDir,
    journal: journalOf(dataDir),
    partition: 0,
    requests: DEFAULT_REQUEST_LIMITS,
    derivation: derivationOfOne({
      stream: 's',
      schema: transactionType.schema,
      timeField: 'occurredAt',
      watermark: { kind: 'bounded', outOfOrdernessMs: 0 },
      windows: [
        {
          name: 'w',
          keyField: 'customerId',
          window: { kind: 'tumbling', sizeMs: 1000, offsetMs: 0 },
          allowedLatenessMs: 0,
          earlyMs: null,
          where: null,
          aggregates: [{ name: 'n', fn: 'count', field: null }],
        },
      ],
    }),
  };
  return { threads, place };
}

function startHost(threads: PartitionThreads, thread: number, place: OpenPartition) {
  const host = threads.open(thread, place);
  const failures: Error[] = [];
  const child = host.startDeriver('window-aggregator', { failed: (error) => failures.push(error), stopped() {} });
  return { host, child, failures };
}

function batch(next: number, occurredAt: number) {
  const event = { transactionId: next, customerId: 1, terminalId: 1, amountCents: 1, occurredAt };
  return { source: 'x', next, blocks: [transactionType.encodeBlock([event])] };
}

const windowsOf = async (host: PartitionHost, next: number, occurredAt: number): Promise<number> =>
  (await host.apply(batch(next, occurredAt), 0)).derived.outputs[0]?.events ?? 0;

const GARBAGE = { source: 'x', next: 9, blocks: [{ ...batch(9, 0).blocks[0]!, bytes: Uint8Array.of(2, 255) }] };

test('a batch that fails is divided in its thread: the rows that can be applied, and those that can not', async () => {
  const { threads, place } = start(1);
  const { host } = startHost(threads, 0, place);
  expect(await host.divide(batch(1, 5), 0)).toEqual([{ from: 0, to: 1, failing: [] }]);
  expect(await host.divide(GARBAGE, 0)).toEqual([{ from: 0, to: 1, failing: [{ row: 0, error: expect.any(String) }] }]);
  expect(await windowsOf(host, 1, 5)).toBe(0);
});

test('a batch that can not be read fails its own host for good, and no other of the thread', async () => {
  const { threads, place } = start(1);
  const [bad, good] = [startHost(threads, 0, place), startHost(threads, 0, place)];
  await bad.host.apply(batch(1, 100), 0);
  const [refused, after] = [bad.host.apply(GARBAGE, 0), bad.host.apply(batch(10, 5000), 0)];
  await expect(refused).rejects.toThrow();
  await expect(after).rejects.toThrow();
  expect(await windowsOf(good.host, 1, 100)).toBe(0);
  expect(await windowsOf(good.host, 2, 5000)).toBe(1);
  expect(good.host.status()).toMatchObject({ maxEventTimeMs: 5000, watermarkMs: 4999 });
});

test('positions are known at once, the commit has the very input, and a snapshot counts what it has', async () => {
  const { threads, place } = start(1);
  const { host } = startHost(threads, 0, place);
  const own = batch(7, 100);
  const applied = host.apply(own, 42);
  expect(host.position('x')).toBe(7);
  const { commit } = await applied;
  expect(commit).toMatchObject({ stream: 's', partition: 0, source: 'x', next: 7, committedAt: 42 });
  expect(commit.sections[0]?.bytes).toBe(own.blocks[0]?.bytes);
  const { body, applied: count } = await host.snapshot();
  expect(count).toBe(1);
  const next = startHost(threads, 0, place);
  expect(await next.host.restore(body)).toEqual({ kind: 'restored', anew: [] });
  expect(next.host.position('x')).toBe(7);
  expect(await windowsOf(next.host, 8, 5000)).toBe(1);
  expect(await next.host.restore(Uint8Array.of(1, 2, 3))).toEqual({ kind: 'unreadable' });
});

test('the end of threads fails what they host, and the next host starts another', async () => {
  const { threads, place } = start(2);
  const [lost, other] = [startHost(threads, 0, place), startHost(threads, 1, place)];
  await lost.host.apply(batch(1, 100), 0);
  await other.host.apply(batch(1, 100), 0);
  expect(threads.workers()).toHaveLength(2);
  await Promise.all(threads.workers().map((worker) => worker.terminate()));
  await expect(lost.host.apply(batch(2, 5000), 0)).rejects.toThrow(/has ended/);
  expect(lost.failures).toHaveLength(1);
  expect(other.failures).toHaveLength(1);
  const again = startHost(threads, 0, place);
  expect(await windowsOf(again.host, 1, 100)).toBe(0);
});

test('a call that does not return ends the thread, and only the host to blame has failed by itself', async () => {
  const { threads, place } = start(1, 300);
  const { sha256 } = loadUserModule(STUCK);
  const operator = userOperatorKind.of('own', {
    ...{ module: STUCK, sha256, input: { s: 'customerId' }, keyType: 'long', options: {} },
    ...{ order: 'arrival', ttlMs: null, onError: 'fail' },
  });
  const derivation = { ...place.derivation, operators: [operator] };
  const [blamed, other] = [1, 0].map((partition) => {
    const host = threads.open(0, { ...place, partition, derivation });
    host.startDeriver('operator', { failed() {}, stopped() {} });
    return host;
  });
  await other?.apply(batch(1, 1), 0);
  const errors = await Promise.all(
    [blamed?.apply(batch(1, 15), 0), other?.apply(batch(2, 1), 0)].map((applied) =>
      applied?.then(
        () => null,
        (error: unknown) => error,
      ),
    ),
  );
  expect(errors.map(String)).toEqual(
    new Array(2).fill(expect.stringContaining('the operator own of s-1 has not returned for 0.3 s')),
  );
  expect(errors.map((error) => error instanceof FailedElsewhere)).toEqual([false, true]);
});

test('an actor of a host is drained, and says in which state it is', async () => {
  const { threads, place } = start(1);
  const { host, child } = startHost(threads, 0, place);
  expect(child.state()).toBe('recovering');
  host.recovered();
  await host.snapshot();
  expect(child.state()).toBe('running');
  await child.drain();
  expect(child.state()).toBe('stopped');
});
