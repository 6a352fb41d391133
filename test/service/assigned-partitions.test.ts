/**
 * Partitions that come and go while a real service runs, as a consumer group gives them to it and takes them away. What
 * they have in the end is held against the records, and their windows against a service that had all of them at once.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { type DynamicEvent, dynamicEventType } from '../../src/messages/codec.ts';
import { outputLines } from '../../src/run/output.ts';
import { sourceChild } from '../../src/service/source-child.ts';
import { type Service, startService } from '../../src/service.ts';
import { type ScriptedGroup, scriptedGroup } from '../sources/scripted-group.ts';
import { temporaryDirectory } from './script-run.ts';

const SCHEMA = {
  type: 'record',
  name: 'E',
  fields: [
    { name: 'k', type: 'string' },
    { name: 't', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'n', type: 'long' },
  ],
} as const;
const PARTITIONS = 3;
const eventType = dynamicEventType(SCHEMA);
const logger = { debug() {}, info() {}, warn() {}, error() {} };
const records = Array.from({ length: PARTITIONS }, (_, partition) =>
  Array.from({ length: 300 }, (_, n): DynamicEvent => ({ k: `k${partition}-${n % 4}`, t: n * 100, n })),
);

interface Running {
  readonly service: Service;
  readonly group: ScriptedGroup;
}

function world(threads = 0) {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'e.avsc'), JSON.stringify(SCHEMA));
  const file = join(directory, 'p.yaml');
  writeFileSync(
    file,
    `supervision: { minBackoff: 1ms }
runtime: { threads: ${threads} }
streams:
  e: { schema: ./e.avsc, key: k, eventTime: t, partitions: ${PARTITIONS} }
windows:
  counted: { stream: e, window: { tumbling: 5s }, aggregate: { n: count(), total: sum(n) } }
`,
  );
  const loaded = loadConfig(file, {});
  const journal = { ...loaded.journal, durability: 'os' as const };
  const config = { ...loaded, dataDir: join(directory, 'data'), journal };

  async function start(chance: () => number): Promise<Running> {
    const group = scriptedGroup<DynamicEvent>({
      name: 'group',
      records,
      encode: (some) => eventType.encodeBlock(some),
      batchSize: () => 1 + Math.floor(chance() * 20),
      redelivers: () => chance() < 0.3,
    });
    const service = await startService({
      config,
      logger,
      version: '',
      assigned: new Set(['e']),
      attach: ({ pipeline }) => {
        const stream = pipeline.streams.get('e');
        return stream === undefined ? [] : [sourceChild(group.source, stream.intake, []).spec];
      },
    });
    onTestFinished(() => service.stop());
    await service.ready;
    return { service, group };
  }
  return start;
}

function unitOf({ service }: Running, partition: number) {
  const unit = service.pipeline.streams.get('e')?.units[partition];
  if (unit === undefined) throw new Error(`There is no partition ${partition}`);
  return unit;
}

/** Names and states of the partitions' actors. */
function actorsOf({ service }: Running): string[] {
  const children = service.root.children?.() ?? [];
  return children.flatMap(({ kind, name, state }) =>
    kind === 'partition' && name.startsWith('e-') ? [`${name} ${state}`] : [],
  );
}

async function eventsOf(running: Running, partition: number): Promise<DynamicEvent[]> {
  const { reader } = running.service.pipeline;
  const { log } = unitOf(running, partition);
  const events: DynamicEvent[] = [];
  for await (const { commit } of reader.commits(log.name, { fromOffset: 0, toOffset: log.durableOffset() })) {
    for (const { role, fingerprint, bytes } of commit.sections) {
      if (role === 'input' && fingerprint === eventType.fingerprint) events.push(...eventType.decodeBlock(bytes));
    }
  }
  return events;
}

async function windowsOf({ service }: Running): Promise<string[]> {
  const { pipeline } = service;
  const units = pipeline.streams.get('e')?.units ?? [];
  const lines: string[] = [];
  for await (const line of outputLines(pipeline.reader, pipeline.registry, units, ['counted'])) lines.push(line);
  return lines.sort();
}

async function toTheEnd(running: Running): Promise<void> {
  for (let partition = 0; partition < PARTITIONS; partition++) await running.group.assign(partition);
  await expect.poll(() => running.group.isIdle(), { timeout: 20_000, interval: 5 }).toBe(true);
  await running.service.settled();
}

function chanceOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

test('no partition runs until it is assigned, and then only that one', async () => {
  const running = await world()(chanceOf(1));
  expect(actorsOf(running)).toEqual([]);
  await running.group.assign(1);
  expect(actorsOf(running)).toEqual(['e-1 running']);
  await expect.poll(() => unitOf(running, 1).position('group')).toBeGreaterThan(0);
  expect(unitOf(running, 0).log.nextOffset()).toBe(0);
  await running.group.revoke(1);
  expect(actorsOf(running)).toEqual([]);
});

test('one that is given back has all that was handed over, and refuses what comes then', async () => {
  const running = await world()(chanceOf(2));
  await running.group.assign(0);
  await expect.poll(() => unitOf(running, 0).mailbox.depth, { interval: 0 }).toBeGreaterThan(0);
  await running.group.revoke(0);
  const { mailbox, log } = unitOf(running, 0);
  expect([mailbox.depth, mailbox.inFlight]).toEqual([0, 0]);
  expect(log.durableOffset()).toBe(log.nextOffset());
  const { intake } = running.service.pipeline.streams.get('e') ?? {};
  const late = { source: 'group', next: 10_000, blocks: [] };
  await expect(intake?.deliver(0, late)).rejects.toThrow('e-0 is closed');
  expect(() => intake?.position('group', 0)).toThrow('e-0 is closed');
});

test.each([0, 1])(
  'whenever partitions come and go, each record is in its log once and windows are as if none had, with %d threads',
  async (threads) => {
    const undisturbed = await world()(chanceOf(3));
    await toTheEnd(undisturbed);
    const expected = await windowsOf(undisturbed);
    expect(expected.length).toBeGreaterThan(PARTITIONS * 4 * 4);
    const step = fc.record({
      partition: fc.nat(PARTITIONS - 1),
      pauseMs: fc.nat(6),
      crashes: fc.constantFrom(true, false, false, false),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 10 }), fc.nat(1000), async (steps, seed) => {
        const start = world(threads);
        const chance = chanceOf(seed);
        let running = await start(chance);
        let mine = new Set<number>();
        for (const { partition, pauseMs, crashes } of steps) {
          if (crashes) {
            await running.service.kill();
            running = await start(chance);
            mine = new Set();
          }
          if (mine.delete(partition)) await running.group.revoke(partition);
          else {
            mine.add(partition);
            await running.group.assign(partition);
          }
          await new Promise((resolve) => setTimeout(resolve, pauseMs));
        }
        await toTheEnd(running);
        for (const [partition, own] of records.entries()) expect(await eventsOf(running, partition)).toEqual(own);
        expect(await windowsOf(running)).toEqual(expected);
        await running.service.stop();
      }),
      { numRuns: threads === 0 ? 5 : 2 },
    );
  },
  120_000,
);

test('a service that stops while a partition recovers stops', async () => {
  const start = world();
  const first = await start(chanceOf(4));
  await toTheEnd(first);
  await first.service.stop();
  const again = await start(chanceOf(4));
  const assigned = again.group.assign(0);
  await again.service.stop();
  await Promise.race([assigned, Promise.resolve()]);
  expect(again.service.root.state()).toBe('stopped');
});
