/**
 * A disk that remembers what was not synced. A file is its sectors and its length, a directory its entries; each sector,
 * each length keeps every version since the last sync of the file, each directory every operation since its own. A
 * power cut picks for each of them what reached the platter, in any combination, which is more than a disk may do and
 * nothing that a journal may count on (Pillai et al., OSDI'14).
 */
import type { Choose } from './choices.ts';

export const SECTOR_BYTES = 512;
const ZEROS = new Uint8Array(SECTOR_BYTES);

/** Versions of one thing: the first is durable, the last is what a read sees. Replaced, never changed. */
type Versions<T> = readonly [T, ...T[]];

export interface FileNode {
  readonly kind: 'file';
  sectors: Map<number, Versions<Uint8Array>>;
  lengths: Versions<number>;
  /** Sectors whose sync failed: the kernel calls them clean, and no later sync writes them (Rebello et al., ATC'20). */
  forgotten: Set<number>;
}

interface Change {
  readonly name: string;
  /** Null removes the name. */
  readonly node: number | null;
}

export interface DirectoryNode {
  readonly kind: 'directory';
  entries: Map<string, number>;
  durable: Map<string, number>;
  /** Operations since the last sync, in order; each is kept whole or lost whole. */
  pending: (readonly Change[])[];
}

export interface Disk {
  readonly nodes: Map<number, FileNode | DirectoryNode>;
  nextNode: number;
}

export const ROOT_NODE = 0;

export function newDisk(): Disk {
  return { nodes: new Map([[ROOT_NODE, newDirectory()]]), nextNode: 1 };
}

export function newDirectory(): DirectoryNode {
  return { kind: 'directory', entries: new Map(), durable: new Map(), pending: [] };
}

export function newFile(): FileNode {
  return { kind: 'file', sectors: new Map(), lengths: [0], forgotten: new Set() };
}

export function addNode(disk: Disk, node: FileNode | DirectoryNode): number {
  disk.nodes.set(disk.nextNode, node);
  return disk.nextNode++;
}

/** Changes entries as one operation that a crash keeps or loses. */
export function changeEntries(directory: DirectoryNode, changes: readonly Change[]): void {
  applyChanges(directory.entries, changes);
  directory.pending.push(changes);
}

function applyChanges(entries: Map<string, number>, changes: readonly Change[]): void {
  for (const { name, node } of changes) {
    if (node === null) entries.delete(name);
    else entries.set(name, node);
  }
}

export function syncEntries(directory: DirectoryNode): void {
  directory.durable = new Map(directory.entries);
  directory.pending = [];
}

function newest<T>(versions: Versions<T>): T {
  return versions.at(-1) ?? versions[0];
}

export function lengthOf(file: FileNode): number {
  return newest(file.lengths);
}

export function readBytes(file: FileNode, from: number, to: number): Buffer {
  const end = Math.min(to, lengthOf(file));
  const bytes = Buffer.alloc(Math.max(0, end - from));
  for (let at = from; at < end; ) {
    const index = Math.floor(at / SECTOR_BYTES);
    const sector = newest(file.sectors.get(index) ?? [ZEROS]);
    const take = Math.min(end, (index + 1) * SECTOR_BYTES) - at;
    bytes.set(sector.subarray(at % SECTOR_BYTES, (at % SECTOR_BYTES) + take), at - from);
    at += take;
  }
  return bytes;
}

export function writeBytes(file: FileNode, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; ) {
    const place = position + at;
    const take = Math.min(bytes.length - at, SECTOR_BYTES - (place % SECTOR_BYTES));
    changeSector(file, Math.floor(place / SECTOR_BYTES), place % SECTOR_BYTES, bytes.subarray(at, at + take));
    at += take;
  }
  if (position + bytes.length > lengthOf(file)) file.lengths = [...file.lengths, position + bytes.length];
}

function changeSector(file: FileNode, index: number, at: number, bytes: Uint8Array): void {
  const versions = file.sectors.get(index) ?? [ZEROS];
  const sector = Uint8Array.from(newest(versions));
  sector.set(bytes, at);
  file.sectors.set(index, [...versions, sector]);
  file.forgotten.delete(index);
}

export function setLength(file: FileNode, length: number): void {
  if (length === lengthOf(file)) return;
  for (const index of [...file.sectors.keys()]) {
    const cut = Math.max(0, length - index * SECTOR_BYTES);
    if (cut < SECTOR_BYTES) changeSector(file, index, cut, ZEROS.subarray(cut));
  }
  file.lengths = [...file.lengths, length];
}

export function syncFile(file: FileNode): void {
  for (const [index, versions] of file.sectors) {
    if (!file.forgotten.has(index)) file.sectors.set(index, [newest(versions)]);
  }
  file.lengths = [lengthOf(file)];
}

/** What a sync that failed leaves: maybe all of it is on the disk, maybe none, and the next sync will not look. */
export function forgetUnsynced(file: FileNode): void {
  for (const [index, versions] of file.sectors) if (versions.length > 1) file.forgotten.add(index);
}

/** The same disk apart: what either does from now on, the other does not see. */
export function copyDisk(disk: Disk): Disk {
  const nodes: Disk['nodes'] = new Map();
  for (const [id, node] of disk.nodes) nodes.set(id, copyNode(node));
  return { nodes, nextNode: disk.nextNode };
}

function copyNode(node: FileNode | DirectoryNode): FileNode | DirectoryNode {
  if (node.kind === 'file') {
    return { ...node, sectors: new Map(node.sectors), forgotten: new Set(node.forgotten) };
  }
  return { ...node, entries: new Map(node.entries), durable: new Map(node.durable), pending: [...node.pending] };
}

/** The disk after a power cut: what `choose` kept, and all of that durable. The disk itself stays as it is. */
export function powerCut(disk: Disk, choose: Choose): Disk {
  const nodes: Disk['nodes'] = new Map();
  const visit = (id: number): void => {
    const node = disk.nodes.get(id);
    if (node === undefined || nodes.has(id)) return;
    if (node.kind === 'file') {
      nodes.set(id, fileAfter(node, choose));
      return;
    }
    const entries = new Map(node.durable);
    for (const changes of node.pending) {
      const names = changes.map(({ name }) => name).join(', ');
      if (choose(2, `keep the change of ${names}`) === 1) applyChanges(entries, changes);
    }
    nodes.set(id, { kind: 'directory', entries, durable: new Map(entries), pending: [] });
    for (const child of entries.values()) visit(child);
  };
  visit(ROOT_NODE);
  return { nodes, nextNode: disk.nextNode };
}

function fileAfter(file: FileNode, choose: Choose): FileNode {
  const kept = new Map<number, Versions<Uint8Array>>();
  const tears: { readonly index: number; readonly torn: Uint8Array }[] = [];
  let keptEnd = 0;
  for (const [index, versions] of file.sectors) {
    const version = versions.length === 1 ? 0 : choose(versions.length, `version of sector ${index}`);
    const sector = versions[version] ?? versions[0];
    kept.set(index, [sector]);
    const before = version === 0 ? undefined : versions[version - 1];
    if (before === undefined) continue;
    keptEnd = Math.max(keptEnd, (index + 1) * SECTOR_BYTES);
    tears.push(...tornBetween(before, sector).map((torn) => ({ index, torn })));
  }
  const lengths = possibleLengths(file, keptEnd);
  const length = lengths[lengths.length === 1 ? 0 : choose(lengths.length, 'length')] ?? 0;
  const tear = tears.length === 0 ? 0 : choose(tears.length + 1, 'torn sector, at a byte');
  const torn = tears[tear - 1];
  if (torn !== undefined) kept.set(torn.index, [torn.torn]);
  const after: FileNode = { kind: 'file', sectors: kept, lengths: [lengthOf(file)], forgotten: new Set() };
  setLength(after, length);
  syncFile(after);
  return after;
}

/** A length grows with the sectors that are written back: it may stop at the last of them. */
function possibleLengths(file: FileNode, keptEnd: number): number[] {
  if (file.lengths.length === 1) return [file.lengths[0]];
  const grown = Math.min(Math.max(keptEnd, file.lengths[0]), lengthOf(file));
  return [...new Set([...file.lengths, grown])];
}

/** The sector with only its first bytes written, at each byte where that makes a difference. */
function tornBetween(before: Uint8Array, after: Uint8Array): Uint8Array[] {
  const torn: Uint8Array[] = [];
  const differs = (at: number): boolean => before[at] !== after[at];
  let last = SECTOR_BYTES - 1;
  while (last >= 0 && !differs(last)) last -= 1;
  for (let at = 0; at < last; at++) {
    if (!differs(at)) continue;
    const sector = Uint8Array.from(before);
    sector.set(after.subarray(0, at + 1));
    torn.push(sector);
  }
  return torn;
}
