/** The port to the disk for reading without waiting, for replays and for the projector in its process. */
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';

export interface OpenFile {
  readonly size: number;
  /** Reads into `target` from its byte `at` on. Returns the bytes read; 0 at the end of the file. */
  read(target: Uint8Array, at: number, length: number, position: number): number;
  close(): void;
}

export interface SyncFs {
  /** Throws when there is no such directory. */
  list(directory: string): string[];
  read(path: string): Buffer;
  open(path: string): OpenFile;
}

export const nodeSyncFs: SyncFs = {
  list: (directory) => readdirSync(directory),
  read: (path) => readFileSync(path),
  open(path) {
    const fd = openSync(path, 'r');
    return {
      size: fstatSync(fd).size,
      read: (target, at, length, position) => readSync(fd, target, at, length, position),
      close: () => closeSync(fd),
    };
  },
};
