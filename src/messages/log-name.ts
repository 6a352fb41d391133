/**
 * The name of a log: its stream and its partition, `payments.transactions-0`. A stream's name may have dashes, so the
 * last one is what counts. Nothing else prints or takes apart such a name.
 */

/** A stream and one of its partitions. */
export interface LogPlace {
  readonly stream: string;
  readonly partition: number;
}

export function logName(stream: string, partition: number): string {
  return `${stream}-${partition}`;
}

/** The names of all logs of a stream, by partition. */
export function logNamesOf(stream: string, partitions: number): string[] {
  return Array.from({ length: partitions }, (_, partition) => logName(stream, partition));
}

/** Null for a name that no log of a stream has. */
export function logPlace(name: string): LogPlace | null {
  const [, stream, partition] = /^(.+)-(0|[1-9]\d{0,8})$/s.exec(name) ?? [];
  return stream === undefined ? null : { stream, partition: Number(partition) };
}

/** Whether a log may be called so: the name is also that of a directory, or of a topic. */
export function isLogName(name: string): boolean {
  return /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/.test(name);
}
