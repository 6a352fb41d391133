/**
 * The journal's file system in memory, for what a real disk does once in a thousand years: a power cut that keeps any
 * part of what was not synced, an operation that fails, a write that comes back short, a sync that takes its time.
 * Nothing here is random: the caller decides.
 */
import type { File, Fs } from '../../src/journal/fs.ts';
import type { SyncFs } from '../../src/journal/sync-fs.ts';
import type { Choose } from './choices.ts';
import {
  addNode,
  changeEntries,
  copyDisk,
  type DirectoryNode,
  type Disk,
  type FileNode,
  forgetUnsynced,
  lengthOf,
  newDirectory,
  newDisk,
  newFile,
  powerCut,
  ROOT_NODE,
  readBytes,
  setLength,
  syncEntries,
  syncFile,
  writeBytes,
} from './crash-disk.ts';

export interface Operation {
  /** From 0 on, in the order of the calls. */
  readonly index: number;
  readonly kind:
    | 'create'
    | 'open'
    | 'write'
    | 'datasync'
    | 'truncate'
    | 'read'
    | 'list'
    | 'size'
    | 'rename'
    | 'unlink'
    | 'mkdir'
    | 'syncDirectory';
  readonly path: string;
}

export interface CrashFsOptions {
  readonly disk?: Disk;
  /** Called before each operation takes effect: what it throws is the operation's error, and it may take its time. */
  readonly onOperation?: (operation: Operation) => void | Promise<void>;
  /** How many of its bytes a write takes: 1 or more, or all when not given. */
  readonly shortWrite?: (operation: Operation, bytes: number) => number;
}

export interface CrashFs extends Fs {
  /** Reads past every fault: what a reader in another thread sees. */
  readonly syncFs: SyncFs;
  /** What is on the disk now, apart from what happens to it later. */
  image(): Disk;
  /** The file system that a machine finds after a power cut; this one goes on as if there had been none. */
  crash(choose: Choose, options?: Omit<CrashFsOptions, 'disk'>): CrashFs;
}

export function errno(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code });
}

/** Operation `index` fails, or it and each one after it. */
export function failing(index: number, code: string, forEver: boolean): (operation: Operation) => void {
  return (operation) => {
    if (forEver ? operation.index >= index : operation.index === index) throw errno(code);
  };
}

export function crashFs(options: CrashFsOptions = {}): CrashFs {
  const disk = options.disk ?? newDisk();
  let operations = 0;

  async function before(kind: Operation['kind'], path: string): Promise<Operation> {
    const operation = { index: operations++, kind, path };
    await options.onOperation?.(operation);
    return operation;
  }

  function nodeAt(path: string): FileNode | DirectoryNode {
    let id: number | undefined = ROOT_NODE;
    for (const name of path.split('/').filter((part) => part !== '')) {
      const node: FileNode | DirectoryNode | undefined = disk.nodes.get(id);
      id = node?.kind === 'directory' ? node.entries.get(name) : undefined;
      if (id === undefined) throw errno('ENOENT');
    }
    const node = disk.nodes.get(id);
    if (node === undefined) throw errno('ENOENT');
    return node;
  }
  function fileAt(path: string): FileNode {
    const node = nodeAt(path);
    if (node.kind !== 'file') throw errno('EISDIR');
    return node;
  }
  function directoryAt(path: string): DirectoryNode {
    const node = nodeAt(path);
    if (node.kind !== 'directory') throw errno('ENOTDIR');
    return node;
  }
  function entry(path: string): { parent: DirectoryNode; name: string; node: number | undefined } {
    const slash = path.lastIndexOf('/');
    const parent = directoryAt(path.slice(0, slash));
    const name = path.slice(slash + 1);
    return { parent, name, node: parent.entries.get(name) };
  }

  function handle(path: string, node: FileNode): File {
    let open = true;
    const assertOpen = (): void => {
      if (!open) throw errno('EBADF');
    };
    return {
      async write(buffers, position) {
        assertOpen();
        const operation = await before('write', path);
        const bytes = Buffer.concat(buffers);
        const taken = Math.min(bytes.length, options.shortWrite?.(operation, bytes.length) ?? bytes.length);
        writeBytes(node, bytes.subarray(0, taken), position);
        return taken;
      },
      async datasync() {
        assertOpen();
        try {
          await before('datasync', path);
        } catch (error) {
          forgetUnsynced(node);
          throw error;
        }
        syncFile(node);
      },
      async truncate(length) {
        assertOpen();
        await before('truncate', path);
        setLength(node, length);
      },
      async close() {
        open = false;
      },
    };
  }

  const syncFs: SyncFs = {
    list: (path) => [...directoryAt(path).entries.keys()],
    read: (path) => wholeFile(fileAt(path)),
    open(path) {
      const node = fileAt(path);
      return {
        size: lengthOf(node),
        read: (target, at, length, position) => readBytes(node, position, position + length).copy(target, at),
        close() {},
      };
    },
  };

  return {
    syncFs,
    image: () => copyDisk(disk),
    crash: (choose, after = {}) => crashFs({ ...after, disk: powerCut(disk, choose) }),
    async create(path) {
      await before('create', path);
      const { parent, name, node } = entry(path);
      if (node !== undefined) throw errno('EEXIST');
      const file = newFile();
      changeEntries(parent, [{ name, node: addNode(disk, file) }]);
      return handle(path, file);
    },
    async openForAppend(path) {
      await before('open', path);
      return handle(path, fileAt(path));
    },
    async read(path) {
      await before('read', path);
      return wholeFile(fileAt(path));
    },
    async readEnd(path, length) {
      await before('read', path);
      const file = fileAt(path);
      return readBytes(file, Math.max(0, lengthOf(file) - length), lengthOf(file));
    },
    async list(path) {
      await before('list', path);
      try {
        return syncFs.list(path);
      } catch {
        return [];
      }
    },
    async size(path) {
      await before('size', path);
      return lengthOf(fileAt(path));
    },
    async rename(from, to) {
      await before('rename', from);
      const source = entry(from);
      const target = entry(to);
      if (source.node === undefined) throw errno('ENOENT');
      if (source.parent !== target.parent) throw errno('EXDEV');
      changeEntries(source.parent, [
        { name: source.name, node: null },
        { name: target.name, node: source.node },
      ]);
    },
    async unlink(path) {
      await before('unlink', path);
      const { parent, name, node } = entry(path);
      if (node === undefined) throw errno('ENOENT');
      changeEntries(parent, [{ name, node: null }]);
    },
    async makeDirectory(path) {
      await before('mkdir', path);
      let parent = directoryAt('/');
      for (const name of path.split('/').filter((part) => part !== '')) {
        const known = parent.entries.get(name);
        const node = known === undefined ? newDirectory() : disk.nodes.get(known);
        if (node?.kind !== 'directory') throw errno('ENOTDIR');
        if (known === undefined) changeEntries(parent, [{ name, node: addNode(disk, node) }]);
        parent = node;
      }
    },
    async syncDirectory(path) {
      await before('syncDirectory', path);
      syncEntries(directoryAt(path));
    },
  };
}

function wholeFile(file: FileNode): Buffer {
  return readBytes(file, 0, lengthOf(file));
}
