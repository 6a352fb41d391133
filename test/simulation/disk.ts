/**
 * The disk as one process sees it: the journal's crash file system, on which every operation takes its time and may
 * fail. What a process had asked for when it ended may have been done or not.
 */
import { basename } from 'node:path';
import { crc32 } from 'node:zlib';
import type { File, Fs } from '../../src/journal/fs.ts';
import type { SyncFs } from '../../src/journal/sync-fs.ts';
import type { Disk } from '../../src/service/platform.ts';
import { crashFs, errno, type Operation } from '../journal/crash-fs.ts';
import type { Owner } from './scheduler.ts';
import { DATA_DIR, type World } from './world.ts';

const OPERATION_MS = 0.2;
const SYNC_MS = 2;
/** One write in so many takes only a part of what it is given. */
const SHORT_WRITE_IN = 16;

/** `dataDir` is the process's own name of the data directory, so that nothing is remembered from one to the next. */
export function createDisk(world: World, owner: Owner, dataDir: string): Disk {
  const { faults, scheduler, trace } = world;
  const random = world.random('disk');
  const onDisk = (path: string): string => underData(path, dataDir);

  function onOperation({ kind, path }: Operation): Promise<void> {
    const label = `${kind} ${basename(path)}`;
    const meanMs = kind === 'datasync' || kind === 'syncDirectory' ? SYNC_MS : OPERATION_MS;
    return new Promise((resolve, reject) => {
      scheduler.schedule({
        owner,
        delayMs: meanMs * faults.slowness * 2 * random.uniform(),
        label,
        run() {
          const code = failureOf(kind);
          if (code === null) return resolve();
          trace.note(`${label} fails: ${code}`);
          reject(errno(code));
        },
      });
    });
  }
  function failureOf(kind: Operation['kind']): string | null {
    if ((kind === 'write' || kind === 'create') && faults.spaceLeftBytes <= 0) return 'ENOSPC';
    if (kind === 'write' && faults.failingWrites > 0) {
      faults.failingWrites -= 1;
      return 'EIO';
    }
    if (kind === 'datasync' && faults.failingSyncs > 0) {
      faults.failingSyncs -= 1;
      return 'EIO';
    }
    return null;
  }
  function shortWrite(_: Operation, bytes: number): number {
    const short = random.below(SHORT_WRITE_IN) === 0 ? 1 + random.below(bytes) : bytes;
    const taken = Math.min(short, faults.spaceLeftBytes);
    faults.spaceLeftBytes -= taken;
    return taken;
  }

  const disk = crashFs({ disk: world.disk(), onOperation, shortWrite });
  const traced = (file: File, path: string): File => ({
    ...file,
    async write(buffers, position) {
      const taken = await file.write(buffers, position);
      const written = Buffer.concat(buffers).subarray(0, taken);
      trace.note(`wrote ${basename(path)} ${position} ${taken} ${crc32(written)}`);
      return taken;
    },
  });
  const fs: Fs = {
    create: async (path) => traced(await disk.create(onDisk(path)), path),
    openForAppend: async (path) => traced(await disk.openForAppend(onDisk(path)), path),
    read: (path) => disk.read(onDisk(path)),
    readEnd: (path, length) => disk.readEnd(onDisk(path), length),
    list: (path) => disk.list(onDisk(path)),
    size: (path) => disk.size(onDisk(path)),
    rename: (from, to) => disk.rename(onDisk(from), onDisk(to)),
    unlink: (path) => disk.unlink(onDisk(path)),
    makeDirectory: (path) => disk.makeDirectory(onDisk(path)),
    syncDirectory: (path) => disk.syncDirectory(onDisk(path)),
  };
  return {
    fs,
    syncFs: renamed(disk.syncFs, dataDir),
    timer: {
      after(delayMs, callback) {
        const task = scheduler.schedule({ owner, delayMs, label: 'journal timer', run: callback });
        return () => task.cancel();
      },
    },
    salt: () => random.uint32(),
    lock: () => () => {},
  };
}

/** The same files, in a data directory of another name. */
export function renamed(fs: SyncFs, dataDir: string): SyncFs {
  return {
    list: (directory) => fs.list(underData(directory, dataDir)),
    read: (path) => fs.read(underData(path, dataDir)),
    open: (path) => fs.open(underData(path, dataDir)),
  };
}

function underData(path: string, dataDir: string): string {
  return path.startsWith(dataDir) ? DATA_DIR + path.slice(dataDir.length) : path;
}
