/** The disk as one process sees it: every operation takes its time, may fail, and may be cut short by the process's end. */
import { basename } from 'node:path';
import { crc32 } from 'node:zlib';
import type { File, Fs } from '../../src/journal/fs.ts';
import type { SyncFs } from '../../src/journal/sync-fs.ts';
import type { Disk } from '../../src/service/runtime.ts';
import { DiskError, type Inode, type Tree } from './medium.ts';
import type { Owner } from './scheduler.ts';
import { DATA_DIR, type World } from './world.ts';

const OPERATION_MS = 0.2;
const SYNC_MS = 2;
/** One write in so many takes only a part of what it is given. */
const SHORT_WRITE_IN = 16;

/** `dataDir` is the process's own name of the data directory, so that nothing is remembered from one to the next. */
export function createDisk(world: World, owner: Owner, dataDir: string): Disk {
  const { medium, scheduler, faults, trace } = world;
  const random = world.random('disk');
  const onMedium = (path: string): string => DATA_DIR + path.slice(dataDir.length);

  function perform<T>(label: string, meanMs: number, act: () => T, abandon?: () => void): Promise<T> {
    return new Promise((resolve, reject) => {
      scheduler.schedule({
        owner,
        delayMs: meanMs * faults.slowness * 2 * random.uniform(),
        label,
        run() {
          try {
            resolve(act());
          } catch (error) {
            trace.note(`${label} ${String(error)}`);
            reject(error);
          }
        },
        ...(abandon === undefined ? {} : { abandon }),
      });
    });
  }

  function fileOf(inode: Inode, path: string): File {
    const name = basename(path);
    function take(bytes: Uint8Array, position: number): number {
      if (faults.failingWrites > 0) {
        faults.failingWrites -= 1;
        throw new DiskError('EIO', `write, ${path}`);
      }
      const short = random.below(SHORT_WRITE_IN) === 0 ? 1 + random.below(bytes.length) : bytes.length;
      const grows = Math.max(0, position + short - inode.current.length);
      const taken = Math.min(short, short - grows + faults.spaceLeftBytes);
      if (taken <= 0) throw new DiskError('ENOSPC', `write, ${path}`);
      faults.spaceLeftBytes -= Math.min(grows, faults.spaceLeftBytes);
      const part = bytes.subarray(0, taken);
      medium.write(inode, part, position);
      trace.note(`wrote ${name} ${position} ${taken} ${crc32(part)}`);
      return taken;
    }
    return {
      write(buffers, position) {
        const bytes = Buffer.concat(buffers);
        const abandon = (): void => {
          // The process ended in the middle of it: any part may have arrived.
          const arrived = random.below(bytes.length + 1);
          if (arrived > 0) medium.write(inode, bytes.subarray(0, arrived), position);
        };
        return perform(`write ${name}`, OPERATION_MS, () => take(bytes, position), abandon);
      },
      datasync: () =>
        perform(`sync ${name}`, SYNC_MS, () => {
          if (faults.failingSyncs > 0) {
            faults.failingSyncs -= 1;
            medium.failSync(inode);
            throw new DiskError('EIO', `fdatasync, ${path}`);
          }
          medium.sync(inode);
        }),
      truncate: (length) => perform(`truncate ${name}`, OPERATION_MS, () => medium.truncate(inode, length)),
      close: () => perform(`close ${name}`, OPERATION_MS, () => {}),
    };
  }

  const tree = medium.current;
  const inodeAt = (path: string): Inode => inodeOf(tree, onMedium(path));
  const named = <T>(verb: string, path: string, act: () => T): Promise<T> =>
    perform(`${verb} ${basename(path)}`, OPERATION_MS, act);
  const fs: Fs = {
    create: (path) =>
      named('create', path, () => {
        if (faults.spaceLeftBytes <= 0) throw new DiskError('ENOSPC', `open, ${path}`);
        return fileOf(medium.create(onMedium(path)), path);
      }),
    openForAppend: (path) => named('open', path, () => fileOf(inodeAt(path), path)),
    read: (path) => named('read', path, () => Buffer.from(inodeAt(path).current.view())),
    readEnd: (path, length) => named('read', path, () => Buffer.from(inodeAt(path).current.view().subarray(-length))),
    list: (path) => named('list', path, () => namesIn(tree, onMedium(path))),
    size: (path) => named('size', path, () => inodeAt(path).current.length),
    rename: (from, to) => named('rename', to, () => medium.rename(onMedium(from), onMedium(to))),
    unlink: (path) => named('unlink', path, () => medium.unlink(onMedium(path))),
    makeDirectory: (path) => named('mkdir', path, () => medium.makeDirectory(onMedium(path))),
    syncDirectory: (path) => perform(`sync ${basename(path)}`, SYNC_MS, () => medium.syncDirectory(onMedium(path))),
  };
  return {
    fs,
    syncFs: readerOf(tree, onMedium),
    clock: {
      after(delayMs, callback) {
        const task = scheduler.schedule({ owner, delayMs, label: 'journal timer', run: callback });
        return () => task.cancel();
      },
    },
    salt: () => random.uint32(),
    lock: () => () => {},
  };
}

/** A tree as readers that do not wait see it. */
export function readerOf(tree: Tree, onMedium: (path: string) => string): SyncFs {
  return {
    list(directory) {
      if (!tree.directories.has(onMedium(directory))) throw new DiskError('ENOENT', directory);
      return namesIn(tree, onMedium(directory));
    },
    read: (path) => Buffer.from(inodeOf(tree, onMedium(path)).current.view()),
    open(path) {
      const inode = inodeOf(tree, onMedium(path));
      return {
        size: inode.current.length,
        read: (target, at, length, position) =>
          Buffer.from(inode.current.view()).copy(target, at, position, position + length),
        close: () => {},
      };
    },
  };
}

function inodeOf(tree: Tree, path: string): Inode {
  const inode = tree.files.get(path);
  if (inode === undefined) throw new DiskError('ENOENT', path);
  return inode;
}

/** Files and directories of a directory, sorted; none when it does not exist. */
function namesIn(tree: Tree, directory: string): string[] {
  const prefix = `${directory}/`;
  const names = new Set<string>();
  for (const path of [...tree.files.keys(), ...tree.directories]) {
    if (path.startsWith(prefix) && !path.slice(prefix.length).includes('/')) names.add(path.slice(prefix.length));
  }
  return [...names].sort();
}
