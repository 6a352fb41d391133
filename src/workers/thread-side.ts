/** The thread's side of the protocol: hosts partitions as it is told, reads their logs and writes nothing. */
import { createPartitionHost, type PartitionHost } from '../actors/partition-host.ts';
import { asError, type RunningChild } from '../actors/supervised.ts';
import { BUILTIN_TYPES } from '../builtin-types.ts';
import { openReader } from '../journal/open-reader.ts';
import { readSchemaFiles } from '../journal/schema-files.ts';
import type { SyncFs } from '../journal/sync-fs.ts';
import { logName } from '../messages/log-name.ts';
import { createRegistry } from '../messages/registry.ts';
import { OPERATOR_KINDS } from '../operator-kinds/kinds.ts';
import { createPartitionFold, derivationTypes, type PartitionFold } from '../partition/derivation.ts';
import {
  type FromThread,
  type HostAnswers,
  type HostRequest,
  type HostState,
  type OpenPartition,
  ownBlocks,
  type ToThread,
  withoutInput,
} from './partition-protocol.ts';

interface Hosted {
  readonly host: PartitionHost;
  readonly positions: ReadonlyMap<string, number>;
  readonly derivers: Map<string, RunningChild>;
}

/** What a thread goes by: its files, and a pause in which others have their turn. */
interface ThreadPorts {
  readonly syncFs: SyncFs;
  /** For the times of operators; absent where nobody measures. */
  readonly elapsedMs?: () => number;
  nextTurn(): Promise<void>;
  post(message: FromThread, memory?: readonly ArrayBuffer[]): void;
}

export interface ThreadSide {
  hears(message: ToThread): void;
  /** Says what operators hold. */
  tellHeld(): void;
}

function openHosted(
  { dataDir, journal, partition, derivation, requests }: OpenPartition,
  { syncFs, nextTurn, elapsedMs }: ThreadPorts,
): Hosted {
  const registry = createRegistry(BUILTIN_TYPES);
  for (const [fingerprint, json] of readSchemaFiles(dataDir, syncFs)) registry.learn(fingerprint, json);
  const reader = openReader(journal, syncFs);
  const types = derivationTypes(derivation, OPERATOR_KINDS);
  for (const type of types.inputs) registry.add(type);
  const newFold = (): PartitionFold => createPartitionFold(derivation, types, partition, registry, requests);
  const fold = newFold();
  const host = createPartitionHost({
    fold,
    newFold,
    writerOf: registry.writerOf,
    commits: (fromOffset, toOffset) => reader.commits(logName(derivation.stream, partition), { fromOffset, toOffset }),
    nextTurn,
    ...(elapsedMs && { elapsedMs }),
  });
  return { host, positions: fold.partition.positions, derivers: new Map() };
}

function stateOf({ host, positions }: Hosted): HostState {
  return { positions, places: host.places(), status: host.status() };
}

export function hostPartitions(ports: ThreadPorts): ThreadSide {
  const { post } = ports;
  const hosts = new Map<number, Hosted>();

  async function answer(hosted: Hosted, id: number, request: HostRequest): Promise<void> {
    const { host } = hosted;
    const say = (value: HostAnswers[HostRequest['kind']], memory?: readonly ArrayBuffer[]): void =>
      post({ kind: 'answer', id, answer: value }, memory);
    switch (request.kind) {
      case 'restore': {
        const restored = await host.restore(request.body);
        return say({ restored, state: stateOf(hosted) });
      }
      case 'rebuild':
        await host.rebuild(request.anew, request.toOffset);
        return say(null);
      case 'replay':
        await host.replay(request.fromOffset, request.toOffset);
        return say({ state: stateOf(hosted) });
      case 'apply': {
        const applied = await host.apply(request.batch, request.committedAt);
        const { inputs, sections, ...rest } = withoutInput(applied, request.batch, host.status());
        const derived = ownBlocks(sections);
        return say({ ...rest, inputs, sections: derived.blocks }, derived.memory);
      }
      case 'divide':
        return say(await host.divide(request.batch, request.committedAt));
      case 'request':
        return say(await host.request(request.key));
      case 'snapshot':
        return say(await host.snapshot());
      case 'drain':
        await hosted.derivers.get(request.deriver)?.drain();
        return say(null);
    }
  }

  function start({ host, derivers }: Hosted, id: number, deriver: string): void {
    const child = host.startDeriver(deriver, {
      failed: (error) => post({ kind: 'failed', host: id, deriver, error }),
      stopped: () => post({ kind: 'stopped', host: id, deriver }),
      changed: (state) => post({ kind: 'changed', host: id, deriver, state }),
    });
    derivers.set(deriver, child);
  }

  function hears(message: ToThread): void {
    if (message.kind === 'open') {
      hosts.set(message.host, openHosted(message.partition, ports));
      return;
    }
    const hosted = hosts.get(message.host);
    if (hosted === undefined) return;
    switch (message.kind) {
      case 'start':
        start(hosted, message.host, message.deriver);
        return;
      case 'kill':
        hosted.derivers.get(message.deriver)?.kill();
        return;
      case 'recovered':
        hosted.host.recovered();
        return;
      case 'close':
        hosted.host.close();
        hosts.delete(message.host);
        return;
      case 'ask':
        answer(hosted, message.id, message.request).catch((error: unknown) =>
          post({ kind: 'refusal', id: message.id, error: asError(error) }),
        );
    }
  }
  return {
    hears,
    tellHeld() {
      for (const [id, { host }] of hosts) {
        const held = host.held();
        if (held.length > 0) post({ kind: 'held', host: id, deriver: null, held });
      }
    },
  };
}
