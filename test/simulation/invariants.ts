/** What must hold in every step, and at the end. */
import { join } from 'node:path';
import { BUILTIN_TYPES } from '../../src/builtin-types.ts';
import { derivationOf } from '../../src/data-directory/derivations.ts';
import { exchangesOf } from '../../src/data-directory/exchanges.ts';
import { MAX_QUEUED_BYTES } from '../../src/journal/admission.ts';
import { journalOf } from '../../src/journal/open-reader.ts';
import { createRegistry } from '../../src/messages/registry.ts';
import { logOfInputChannel } from '../../src/partition/input-channel.ts';
import { tablesOf } from '../../src/projections/driver.ts';
import { STORE_DRIVERS } from '../../src/projections/drivers.ts';
import { openSqlite } from '../../src/projections/sqlite.ts';
import type { Service } from '../../src/service.ts';
import { TABLES } from '../../src/tables.ts';
import { createStoreTask } from '../../src/workers/store-task.ts';
import type { Clients } from './clients.ts';
import { createFaultFree, exchanged } from './derivation.ts';
import { readsWeb } from './given.ts';
import { blocksOf, type Input, type Item, partitionOfItem } from './input.ts';
import { createLedger } from './ledger.ts';
import { FEED, type Oracle } from './oracle.ts';
import type { Plan } from './plan.ts';
import type { Process } from './process.ts';
import type { Remains } from './remains.ts';
import { createResults } from './results.ts';
import { PAYMENTS, scenario, WEB } from './scenario.ts';
import type { StoreFiles } from './stores.ts';
import type { World } from './world.ts';

/** Every queue is within its bound. */
export function checkBounds(world: World, process: Process): void {
  for (const { log, mailbox } of process.service()?.pipeline.units ?? []) {
    const held = mailbox.depth + mailbox.inFlight;
    if (held > mailbox.bound) world.broken('every queue is within its bound', `${log.name} holds ${held} batches`);
    const bytes = log.queuedBytes();
    if (bytes > MAX_QUEUED_BYTES) world.broken('every queue is within its bound', `${log.name} holds ${bytes} bytes`);
  }
}

/** All input is committed, every alert has its outcome, every actor runs, and the read models have everything. */
export function isSettled(process: Process, input: Input, oracle: Oracle, { partitions }: Plan): boolean {
  const service = process.service();
  if (service === null || process.ended() !== null) return false;
  for (let partition = 0; partition < partitions; partition++) {
    if (oracle.position(`${PAYMENTS}-${partition}`, FEED) < input.length(partition)) return false;
  }
  if (!service.pipeline.exchanges.every((exchange) => hasAll(exchange, oracle))) return false;
  for (const alertId of oracle.alerts) if (oracle.operations.outcome(alertId) === undefined) return false;
  if (oracle.operations.openRuns().length > 0) return false;
  return service.readModels.lag() === 0 && allRun(service.root.children?.() ?? []);
}

/** Not only taken: a thread may end with it. */
function hasAll({ upstreams, stream }: Service['pipeline']['exchanges'][number], oracle: Oracle): boolean {
  return upstreams.every(({ units }) =>
    units.every(({ log }) =>
      stream.units.every((own) => oracle.position(own.log.name, log.name) >= log.durableOffset()),
    ),
  );
}

function allRun(
  children: ReturnType<NonNullable<NonNullable<ReturnType<Process['service']>>['root']['children']>>,
): boolean {
  return children.every(({ kind, state, children: below }) => {
    if (state === 'stopped') return kind === 'source';
    return state !== 'failed' && state !== 'starting' && state !== 'restarting' && state !== 'waiting' && allRun(below);
  });
}

export interface End {
  readonly input: Input;
  readonly oracle: Oracle;
  readonly clients: Clients;
  readonly files: StoreFiles;
  readonly remains: Remains;
}

export async function checkEnd(world: World, end: End): Promise<void> {
  await checkRebuild(world, end);
  checkPartitionings(world, end);
  checkClients(world, end);
  const { counts } = end.oracle;
  const bad = end.input.taken().filter(({ kind }) => kind === 'bad').length;
  if (counts.deadLetters !== bad) {
    world.broken('all bad input is in the dead letters', `${bad} inputs were bad, ${counts.deadLetters} dead letters`);
  }
}

/** What a client was told is true. */
function checkClients(world: World, { clients, oracle }: End): void {
  const allowed = { committed: [1], refused: [0], unknown: [0, 1] };
  for (const [id, told] of clients.sent) {
    const times = oracle.timesIn(WEB, id);
    if (allowed[told].includes(times)) continue;
    world.broken('a client is told the truth', `${id}: ${told}, and ${times} times in the log`);
  }
}

/** Read models that are made anew are those that lived through everything. */
async function checkRebuild(world: World, { files, remains }: End): Promise<void> {
  const { dataDir, directory, fs, ranges } = remains;
  const digestsOf = async (sqliteFile: string, ledger: StoreFiles['ledger']): Promise<string> => {
    const digests: unknown[] = [];
    for (const driver of STORE_DRIVERS) {
      const tables = tablesOf(driver, TABLES);
      const run = createStoreTask({
        eraseStore: async () => {},
        fs,
        driver,
        tables,
        openStore: async () =>
          driver.name === 'sqlite' ? openSqlite(sqliteFile, { tables, streams: [] }) : ledger.open(async () => {}),
      });
      await run({ kind: 'open', dataDir, journal: journalOf(dataDir), owner: 0, tables: { windows: [], streams: [] } });
      await run({ kind: 'project', ranges, maxEvents: Number.POSITIVE_INFINITY });
      digests.push(await run({ kind: 'digest' }));
      await run({ kind: 'close' });
    }
    return JSON.stringify(digests);
  };
  const live = await digestsOf(files.sqliteFile, files.ledger);
  const rebuilt = await digestsOf(join(directory, 'rebuilt.sqlite'), createLedger(world));
  if (live !== rebuilt) world.broken('projections are equal after deletion and replay', `${live} is not ${rebuilt}`);
}

/** The same input gives the same results on any number of partitions. */
function checkPartitionings(world: World, { input, oracle }: End): void {
  const actual = oracle.results.lines().join('\n');
  for (const partitions of [1, 2, 4]) {
    const config = scenario('/', partitions, 0);
    const stream = config.streams.find(({ name }) => name === PAYMENTS);
    if (stream === undefined) throw new Error('The scenario has no payments');
    const own = Array.from({ length: partitions }, (_, partition) =>
      createFaultFree(derivationOf(config, stream), partition, createRegistry(BUILTIN_TYPES)),
    );
    // One partition for each, whatever the service has.
    const ofPayments = exchangesOf(config).filter(({ exchange }) => !readsWeb(exchange));
    const wholes = ofPayments.map(({ derivation }) => ({
      fold: createFaultFree(derivation, 0, createRegistry(BUILTIN_TYPES)),
      channelsOf: (log: string) =>
        derivation.inputs.flatMap(({ channels }) => channels.filter((channel) => logOfInputChannel(channel) === log)),
    }));
    const results = createResults();
    const apply = (partition: number, item: Item): void => {
      for (const block of blocksOf(PAYMENTS, FEED, [item])) {
        results.add(own[partition]?.apply(block) ?? []);
        if (item.kind === 'bad') continue;
        for (const { fold, channelsOf } of wholes) {
          for (const channel of channelsOf(`${PAYMENTS}-${partition}`))
            results.add(fold.apply(exchanged(channel, block)));
        }
      }
    };
    for (const item of input.taken()) apply(partitionOfItem(item, partitions), item);
    for (let partition = 0; partition < partitions; partition++) apply(partition, { kind: 'end' });
    if (results.lines().join('\n') === actual) continue;
    world.broken('results are equal on 1, 2 and 4 partitions', `${partitions} partitions give other results`);
  }
}
