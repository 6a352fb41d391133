/** Where a backup lies. Names have slashes; what a name stands for never changes, but for the manifest. */
export interface BackupPlace {
  /** As people write it. */
  readonly name: string;
  /** The manifest; null where there is none yet. `version` says which one it was. */
  readManifest(): Promise<{ readonly text: string; readonly version: string } | null>;
  /** Replaces the manifest of that version, or writes the first one. Throws when another one is there by then. */
  writeManifest(text: string, replaces: string | null): Promise<void>;
  /** Resolves once all of it is kept; what was there under the name goes. */
  write(stored: string, content: AsyncIterable<Uint8Array>, bytes: number): Promise<void>;
  /** Throws an AbsentError when there is nothing of that name. */
  read(stored: string): AsyncIterable<Uint8Array>;
  /** Of everything but the manifest. */
  list(): Promise<readonly string[]>;
  remove(stored: string): Promise<void>;
}

/** A backup lacks a file. */
export class AbsentError extends Error {
  constructor(name: string) {
    super(`there is no ${name}`);
    this.name = 'AbsentError';
  }
}
