/**
 * Where files are kept that a manifest names: a folder, or S3. Names have slashes; what a name stands for never changes, but for
 * the manifest, which is replaced as a whole and on condition.
 */
export interface Place {
  /** As people write it. */
  readonly name: string;
  /** The manifest; null where there is none yet. `version` says which one it was. */
  readManifest(): Promise<{ readonly text: string; readonly version: string } | null>;
  /**
   * Replaces the manifest of that version, or writes the first one. Returns the version of the new one. Throws an OvertakenError
   * when another one is there by then.
   */
  writeManifest(text: string, replaces: string | null): Promise<string>;
  /** Resolves once all of it is kept; what was there under the name goes. */
  write(stored: string, content: AsyncIterable<Uint8Array>, bytes: number): Promise<void>;
  /** Takes a whole file of this machine over: it is gone from where it was. */
  adopt(path: string, stored: string, bytes: number): Promise<void>;
  /** The file of that name on this machine's disk; null where it is elsewhere. */
  localPath(stored: string): string | null;
  /** Throws an AbsentError when there is nothing of that name. */
  read(stored: string): AsyncIterable<Uint8Array>;
  /** Of everything but the manifest. */
  list(): Promise<readonly string[]>;
  remove(stored: string): Promise<void>;
}

/** Somebody else has replaced the manifest. */
export class OvertakenError extends Error {}

/** There is no such file. */
export class AbsentError extends Error {
  constructor(name: string) {
    super(`there is no ${name}`);
    this.name = 'AbsentError';
  }
}
