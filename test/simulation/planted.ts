/** Bugs for the simulation to find: each changes what a process runs on, at a seam, and nothing in src. */
import { deriverMachine } from '../../src/actors/deriver.ts';
import { alertRaisedType } from '../../src/fraud/types.ts';
import type { File } from '../../src/journal/fs.ts';
import type { Block } from '../../src/messages/block.ts';
import { decodeCommit } from '../../src/messages/commit.ts';
import { deadLetterType, exchangedBlockType } from '../../src/messages/types.ts';
import type { Platform } from '../../src/service/platform.ts';
import type { ServiceCore } from '../../src/service.ts';
import { WEBHOOK_URL } from './network.ts';
import { PAYMENTS, WEB } from './scenario.ts';

export interface Bug {
  platform?(platform: Platform): Platform;
  /** Called before the actors start. */
  core?(core: ServiceCore): void;
  /** Undoes what outlives a process. */
  undo?(): void;
}

/** What an exchange was given, as if none of it were for this partition. */
function withoutEvents({ bytes }: Block): Block {
  const given = exchangedBlockType.decodeBlock(bytes);
  return exchangedBlockType.encodeBlock(given.map((each) => ({ ...each, count: 0, block: Buffer.from([0]) })));
}

export const BUGS: Readonly<Record<string, Bug>> = {
  'acknowledges before a commit is durable': {
    core({ pipeline }) {
      for (const { log } of pipeline.units) {
        const append = log.append.bind(log);
        Object.assign(log, {
          append(...args: Parameters<typeof append>) {
            const offset = log.nextOffset();
            append(...args).catch(() => {});
            return Promise.resolve(offset);
          },
        });
      }
    },
  },
  'syncs nothing': {
    platform(platform) {
      const { fs } = platform.disk;
      const unsynced = async (file: Promise<File>): Promise<File> => ({ ...(await file), datasync: async () => {} });
      const disk = {
        ...platform.disk,
        fs: {
          ...fs,
          create: (path: string) => unsynced(fs.create(path)),
          openForAppend: (path: string) => unsynced(fs.openForAppend(path)),
        },
      };
      return { ...platform, disk };
    },
  },
  'syncs no directory': {
    platform: (platform) => ({
      ...platform,
      disk: { ...platform.disk, fs: { ...platform.disk.fs, syncDirectory: async () => {} } },
    }),
  },
  'forgets where the source stood': {
    core({ pipeline }) {
      const intake = pipeline.streams.get(PAYMENTS)?.intake;
      if (intake !== undefined) Object.assign(intake, { position: () => 0 });
    },
  },
  'skips the first event after a restart': {
    core({ pipeline }) {
      const intake = pipeline.streams.get(PAYMENTS)?.intake;
      if (intake === undefined) return;
      const position = intake.position.bind(intake);
      const skipping: typeof position = (source, partition) => {
        const at = position(source, partition);
        return at === 0 ? 0 : at + 1;
      };
      Object.assign(intake, { position: skipping });
    },
  },
  'sends an alert before its commit is durable': {
    core({ pipeline, platform }) {
      for (const { log } of pipeline.units) {
        const append = log.append.bind(log);
        Object.assign(log, {
          append(...args: Parameters<typeof append>) {
            for (const { fingerprint, bytes } of decodeCommit(Buffer.concat(args[2])).sections) {
              if (fingerprint !== alertRaisedType.fingerprint) continue;
              for (const alert of alertRaisedType.decodeBlock(bytes)) {
                const headers = { 'idempotency-key': alert.alertId };
                const request = { method: 'POST', headers, body: JSON.stringify(alert) };
                platform.http.fetch(WEBHOOK_URL, request).catch(() => {});
              }
            }
            return append(...args);
          },
        });
      }
    },
  },
  'restores no operator from a snapshot': {
    platform(platform) {
      const transition = Object.getPrototypeOf(deriverMachine).transition.bind(deriverMachine);
      const patched: typeof deriverMachine.transition = (snapshot, event, scope) =>
        event.type === 'RESTORE' ? snapshot : transition(snapshot, event, scope);
      deriverMachine.transition = patched;
      return platform;
    },
    undo() {
      Reflect.deleteProperty(deriverMachine, 'transition');
    },
  },
  'drops dead letters': {
    core({ pipeline }) {
      const intake = pipeline.streams.get(PAYMENTS)?.intake;
      if (intake === undefined) return;
      const deliver = intake.deliver.bind(intake);
      const dropping: typeof deliver = (partition, batch) =>
        deliver(partition, {
          ...batch,
          blocks: batch.blocks.filter(({ fingerprint }) => fingerprint !== deadLetterType.fingerprint),
        });
      Object.assign(intake, { deliver: dropping });
    },
  },
  'joins without some events of the other stream': {
    core({ pipeline }) {
      for (const { stream } of pipeline.exchanges) {
        const { intake } = stream;
        const deliver = intake.deliver.bind(intake);
        let taken = 0;
        const losing: typeof deliver = (partition, batch) => {
          const isLost = batch.source.startsWith(`${WEB}-`) && taken++ % 5 === 4;
          return deliver(partition, isLost ? { ...batch, blocks: batch.blocks.map(withoutEvents) } : batch);
        };
        Object.assign(intake, { deliver: losing });
      }
    },
  },
  'sends an alert under a new key each time': {
    platform(platform) {
      let sent = 0;
      const renamed: typeof fetch = (input, init) => {
        const headers = new Headers(init?.headers);
        if (headers.has('idempotency-key')) headers.set('idempotency-key', `key-${sent++}`);
        return platform.http.fetch(input, { ...init, headers });
      };
      return { ...platform, http: { ...platform.http, fetch: renamed } };
    },
  },
  'takes an alert for delivered that it never sent': {
    platform(platform) {
      const pretending: typeof fetch = (input, init) =>
        init?.method === 'POST'
          ? Promise.resolve(new Response(null, { status: 204 }))
          : platform.http.fetch(input, init);
      return { ...platform, http: { ...platform.http, fetch: pretending } };
    },
  },
  'records what it does twice': {
    core({ operations }) {
      const write = operations.write.bind(operations);
      const twice: typeof write = async (...args) => {
        await write(...args);
        await write(...args);
      };
      Object.assign(operations, { write: twice });
    },
  },
};
