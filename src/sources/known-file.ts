/**
 * Recognises a file by the bytes that were consumed from it. A file that begins with these bytes goes on after them,
 * under whatever name. A path whose file now begins with other bytes is refused. Any other file is new.
 */
import type { FilePosition } from '../messages/streams.ts';
import { OtherFileError } from './source.ts';

/** How a content begins: by a number of bytes, as many as were asked for and as it has. */
export type Beginnings = ReadonlyMap<number, Beginning>;

export interface Beginning {
  readonly sha256: string;
  /** The byte behind; null at the end. */
  readonly nextByte: number | null;
}

export interface FileRead {
  readonly path: string;
  /** Where the log stands under this path, by partition. */
  readonly positions: readonly number[];
  /** By partition. */
  readonly known: readonly (readonly FilePosition[])[];
}

export interface Resumed {
  /** By partition: the last line or record that it has behind it. */
  readonly positions: readonly number[];
  /** By partition: records that it has of the file, as its log says; null where no log counted them. */
  readonly records: readonly (number | null)[];
}

export const WHAT_TO_DO =
  'Give back the file that was there, give this one another name, or use another data directory.';

export const ENDED =
  'has lines that the data directory has not, and an earlier version of millrace ended its input for good: all of them ' +
  'would be late. Run the whole file into another data directory.';

/** Of all partitions; null where a log has lines that it did not count. */
export function recordsOf({ records }: Resumed): number | null {
  return records.reduce<number | null>((sum, own) => (sum === null || own === null ? null : sum + own), 0);
}

/** Lengths of the beginnings that resume() looks at. */
export function askedLengths(file: FileRead): number[] {
  const lengths = new Set(
    alike(file)
      .flat()
      .map(({ bytes }) => bytes),
  );
  lengths.delete(0);
  return [...lengths].sort((a, b) => a - b);
}

/** Throws an OtherFileError. */
export function resume(file: FileRead, beginnings: Beginnings): Resumed {
  const { path } = file;
  requireSameWay(file);
  const known = alike(file);
  const positions = [...file.positions];
  const records: (number | null)[] = positions.map((position) => (position === 0 ? 0 : null));
  for (const other of new Set(known.flat().map((position) => position.path))) {
    const own = known.flatMap((all, partition) => {
      const found = all.find((position) => position.path === other);
      return found === undefined ? [] : [{ ...found, partition }];
    });
    // Of nothing consumed that could be compared, the path alone says what it is.
    const differing = own.find(({ bytes, sha256 }) =>
      bytes === 0 ? other !== path : beginnings.get(bytes)?.sha256 !== sha256,
    );
    if (differing !== undefined) {
      if (other === path) throw new OtherFileError(path, otherPrefix(differing, beginnings));
      continue;
    }
    for (const position of own) {
      requireContinued(path, position, beginnings);
      if (position.partitions !== positions.length)
        throw new OtherFileError(path, otherPartitions(position, positions));
      const { partition, lines } = position;
      if (lines < (positions[partition] ?? 0)) continue;
      positions[partition] = lines;
      records[partition] = position.records;
    }
  }
  return { positions, records };
}

/** Files with control lines are read in another way, and all of a run as one: their positions are under this name. */
export function scriptName(paths: readonly string[]): string {
  return `${SCRIPT}${paths.join(',')}`;
}

const SCRIPT = 'script:';

/** Of what is known, that of files that were read as this one is. */
function alike({ path, known }: FileRead): FilePosition[][] {
  return known.map((all) => all.filter((position) => position.path.startsWith(SCRIPT) === path.startsWith(SCRIPT)));
}

/** Its lines would come twice otherwise. */
function requireSameWay({ path, known }: FileRead): void {
  const pathsOf = (name: string): string[] => (name.startsWith(SCRIPT) ? name.slice(SCRIPT.length).split(',') : [name]);
  for (const { path: other } of known.flat()) {
    if (other.startsWith(SCRIPT) === path.startsWith(SCRIPT)) continue;
    const same = pathsOf(other).find((one) => pathsOf(path).includes(one));
    if (same === undefined) continue;
    const ways = path.startsWith(SCRIPT) ? ['without', 'with'] : ['with', 'without'];
    throw new OtherFileError(
      same,
      `was read here as a file ${ways[0]} control lines, and is one ${ways[1]} them now. Use another data directory.`,
    );
  }
}

const LINE_ENDS: readonly number[] = [10, 13];

function requireContinued(path: string, position: FilePosition, beginnings: Beginnings): void {
  const nextByte = beginnings.get(position.bytes)?.nextByte ?? null;
  if (!position.isCut || nextByte === null || LINE_ENDS.includes(nextByte)) return;
  throw new OtherFileError(
    path,
    `goes on in line ${position.lines}, which had no end when it was read and was taken as it was: what it says now can't ` +
      `be taken back into it. ${WHAT_TO_DO}`,
  );
}

function otherPrefix(
  { partition, lines, bytes }: FilePosition & { partition: number },
  beginnings: Beginnings,
): string {
  const found = beginnings.has(bytes)
    ? `its first ${bytes} bytes are others now`
    : `it is shorter now than the ${bytes} bytes that they are`;
  return `is not the file that was read here: partition ${partition} has ${lines} lines of that, and ${found}. ${WHAT_TO_DO}`;
}

function otherPartitions({ partitions, lines }: FilePosition, positions: readonly number[]): string {
  return (
    `was read up to line ${lines} with ${partitions} partitions, and the stream has ${positions.length} now: which of its ` +
    'lines a partition has is not known any more. Use as many as before, or another data directory.'
  );
}
