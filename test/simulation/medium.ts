/**
 * The platters: what a disk holds, and what of it a power cut leaves. Data is safe once its file was synced, a name once
 * its directory was; until then each 512-byte sector of a write and each change of a directory, in order, may be lost.
 */
import { dirname } from 'node:path';
import type { Random } from '../../src/fraud/random.ts';
import { type GrowableBytes, growableBytes } from './growable-bytes.ts';

const SECTOR_BYTES = 512;

type Change =
  | { readonly kind: 'write'; readonly bytes: Uint8Array; readonly position: number }
  | { readonly kind: 'truncate'; readonly length: number };

/** One file, whatever it is called. */
export interface Inode {
  readonly current: GrowableBytes;
  readonly durable: GrowableBytes;
  unsynced: Change[];
}

type NameChange =
  | { readonly kind: 'link'; readonly path: string; readonly inode: Inode }
  | { readonly kind: 'unlink'; readonly path: string }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string; readonly inode: Inode }
  | { readonly kind: 'mkdir'; readonly path: string };

export interface Tree {
  readonly files: Map<string, Inode>;
  readonly directories: Set<string>;
}

export interface Medium {
  readonly current: Tree;
  readonly durable: Tree;
  create(path: string): Inode;
  rename(from: string, to: string): void;
  unlink(path: string): void;
  makeDirectory(path: string): void;
  write(inode: Inode, bytes: Uint8Array, position: number): void;
  truncate(inode: Inode, length: number): void;
  sync(inode: Inode): void;
  /** The disk gave up on what is unsynced and says so once: it stays readable until the power goes. */
  failSync(inode: Inode): void;
  syncDirectory(path: string): void;
  /** Loses what chance takes of everything that was never synced. */
  cutPower(random: Random): void;
}

export class DiskError extends Error {
  readonly code: string;
  constructor(code: string, what: string) {
    super(`${code}: ${what}`);
    this.code = code;
  }
}

export function createMedium(root: string): Medium {
  const current: Tree = { files: new Map(), directories: new Set([root]) };
  const durable: Tree = { files: new Map(), directories: new Set([root]) };
  const unsyncedNames = new Map<string, NameChange[]>();

  const note = (directory: string, change: NameChange): void => {
    unsyncedNames.set(directory, [...(unsyncedNames.get(directory) ?? []), change]);
    applyName(current, change);
  };
  const fileAt = (path: string): Inode => {
    const inode = current.files.get(path);
    if (inode === undefined) throw new DiskError('ENOENT', path);
    return inode;
  };

  return {
    current,
    durable,
    create(path) {
      if (!current.directories.has(dirname(path))) throw new DiskError('ENOENT', path);
      if (current.files.has(path)) throw new DiskError('EEXIST', path);
      const inode: Inode = { current: growableBytes(), durable: growableBytes(), unsynced: [] };
      note(dirname(path), { kind: 'link', path, inode });
      return inode;
    },
    rename(from, to) {
      note(dirname(to), { kind: 'rename', from, to, inode: fileAt(from) });
    },
    unlink(path) {
      fileAt(path);
      note(dirname(path), { kind: 'unlink', path });
    },
    makeDirectory(path) {
      if (current.directories.has(path)) return;
      if (!current.directories.has(dirname(path))) this.makeDirectory(dirname(path));
      note(dirname(path), { kind: 'mkdir', path });
    },
    write(inode, bytes, position) {
      inode.current.write(bytes, position);
      inode.unsynced.push({ kind: 'write', bytes: Uint8Array.from(bytes), position });
    },
    truncate(inode, length) {
      inode.current.truncate(length);
      inode.unsynced.push({ kind: 'truncate', length });
    },
    sync(inode) {
      for (const change of inode.unsynced) applyWhole(inode.durable, change);
      inode.unsynced = [];
    },
    failSync(inode) {
      inode.unsynced = [];
    },
    syncDirectory(path) {
      for (const change of unsyncedNames.get(path) ?? []) applyName(durable, change);
      unsyncedNames.delete(path);
    },
    cutPower(random) {
      for (const changes of unsyncedNames.values()) {
        for (const change of changes.slice(0, random.below(changes.length + 1))) applyName(durable, change);
      }
      unsyncedNames.clear();
      dropOrphans(durable, root);
      current.files.clear();
      current.directories.clear();
      for (const directory of durable.directories) current.directories.add(directory);
      const lost = random.uniform();
      for (const [path, inode] of durable.files) {
        current.files.set(path, inode);
        for (const change of inode.unsynced) tear(inode.durable, change, lost, random);
        inode.unsynced = [];
        inode.current.replace(inode.durable.view());
      }
    },
  };
}

function applyName(tree: Tree, change: NameChange): void {
  switch (change.kind) {
    case 'link':
      tree.files.set(change.path, change.inode);
      return;
    case 'unlink':
      tree.files.delete(change.path);
      return;
    case 'rename':
      tree.files.delete(change.from);
      tree.files.set(change.to, change.inode);
      return;
    case 'mkdir':
      tree.directories.add(change.path);
  }
}

function applyWhole(bytes: GrowableBytes, change: Change): void {
  if (change.kind === 'truncate') bytes.truncate(change.length);
  else bytes.write(change.bytes, change.position);
}

/** Each sector on its own; a lost one before a kept one is a hole of zeros. */
function tear(bytes: GrowableBytes, change: Change, lost: number, random: Random): void {
  if (change.kind === 'truncate') {
    if (random.uniform() >= lost) bytes.truncate(change.length);
    return;
  }
  for (let at = 0; at < change.bytes.length; ) {
    const position = change.position + at;
    const end = Math.min(change.bytes.length, at + SECTOR_BYTES - (position % SECTOR_BYTES));
    if (random.uniform() >= lost) bytes.write(change.bytes.subarray(at, end), position);
    at = end;
  }
}

/** What is in a directory that was lost is lost with it. */
function dropOrphans(tree: Tree, root: string): void {
  for (const path of [...tree.directories].sort()) {
    if (path !== root && !tree.directories.has(dirname(path))) tree.directories.delete(path);
  }
  for (const path of [...tree.files.keys()]) if (!tree.directories.has(dirname(path))) tree.files.delete(path);
}
