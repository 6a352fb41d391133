/**
 * Runs that files start. The run's own event says of which file it is, so that a file has one run, whatever ends the process:
 * the file is known once its run is durable, and not before.
 */

/** A file as it was found. */
export interface ArrivedFile {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

const BY_FILE = /^file:\d+:[\d.]+:(.*)$/s;

/** What made a run, of a file as it is: another size or time is another version, which has a run of its own. */
export function fileTrigger({ path, bytes, modifiedMs }: ArrivedFile): string {
  return `file:${bytes}:${modifiedMs}:${path}`;
}

/** The path, for a run that a file made; else null. */
export function fileOfTrigger(trigger: string): string | null {
  return BY_FILE.exec(trigger)?.[1] ?? null;
}

/** Those that are as they were at the look before: one that is still being written is not. */
export function settledFiles(before: readonly ArrivedFile[], now: readonly ArrivedFile[]): ArrivedFile[] {
  const known = new Set(before.map(fileTrigger));
  return now.filter((file) => known.has(fileTrigger(file)));
}

/** Of the name of a file: `*` is any text, `?` one character. */
export function namePattern(text: string): RegExp {
  const escaped = text.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's');
}
