/**
 * What of a disk the service may count on. Under `fsync` that is what a power cut leaves that takes all it may: the files
 * without anything unsynced. Under `os` it is what the operating system has.
 */
import type { Durability } from '../../src/journal/log.ts';
import type { SyncFs } from '../../src/journal/sync-fs.ts';
import { type DirectoryNode, type Disk, type FileNode, ROOT_NODE, SECTOR_BYTES } from '../journal/crash-disk.ts';
import { crashFs, errno } from '../journal/crash-fs.ts';

export function survivingFs(disk: () => Disk, durability: Durability): SyncFs {
  const fs = durability === 'fsync' ? durableFs(disk) : null;
  const current = (): SyncFs => fs ?? crashFs({ disk: disk() }).syncFs;
  return {
    list: (directory) => current().list(directory),
    read: (path) => current().read(path),
    open: (path) => current().open(path),
  };
}

function durableFs(disk: () => Disk): SyncFs {
  function nodeAt(path: string): FileNode | DirectoryNode {
    let id: number | undefined = ROOT_NODE;
    for (const name of path.split('/').filter((part) => part !== '')) {
      const node: FileNode | DirectoryNode | undefined = disk().nodes.get(id);
      id = node?.kind === 'directory' ? node.durable.get(name) : undefined;
      if (id === undefined) throw errno('ENOENT');
    }
    const node = disk().nodes.get(id);
    if (node === undefined) throw errno('ENOENT');
    return node;
  }
  function fileAt(path: string): FileNode {
    const node = nodeAt(path);
    if (node.kind !== 'file') throw errno('EISDIR');
    return node;
  }
  return {
    list(path) {
      const node = nodeAt(path);
      if (node.kind !== 'directory') throw errno('ENOTDIR');
      return [...node.durable.keys()];
    },
    read(path) {
      const file = fileAt(path);
      return durableBytes(file, 0, file.lengths[0]);
    },
    open(path) {
      const file = fileAt(path);
      return {
        size: file.lengths[0],
        read: (target, at, length, position) => durableBytes(file, position, position + length).copy(target, at),
        close() {},
      };
    },
  };
}

function durableBytes({ lengths, sectors }: FileNode, from: number, to: number): Buffer {
  const end = Math.min(to, lengths[0]);
  const bytes = Buffer.alloc(Math.max(0, end - from));
  for (let at = from; at < end; ) {
    const index = Math.floor(at / SECTOR_BYTES);
    const take = Math.min(end, (index + 1) * SECTOR_BYTES) - at;
    const sector = sectors.get(index)?.[0];
    if (sector !== undefined) bytes.set(sector.subarray(at % SECTOR_BYTES, (at % SECTOR_BYTES) + take), at - from);
    at += take;
  }
  return bytes;
}
