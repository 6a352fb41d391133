/** Merges small files of one folder: a stream with few events leaves a file for each commit. */

import { type FileWriter, fileName, writeFile } from './files.ts';
import type { LocalFiles } from './local-files.ts';
import type { LakeFile, ManifestTable } from './manifest.ts';
import { tableFolder } from './partitions.ts';
import { filesSql } from './views.ts';

/** So many small files of a folder are made one. */
const FILES = 8;
/** A file is small below this share of the target. */
const SMALL_SHARE = 0.5;
/** What one commit makes anew at most, in targets: a commit must not take for ever. */
const TARGETS_A_COMMIT = 2;

export interface Compacted {
  readonly files: readonly LakeFile[];
  readonly replaced: readonly LakeFile[];
}

export interface CompactionOptions {
  readonly of: string;
  readonly targetBytes: number;
  readonly sequence: number;
  /** Of the first file that it writes; those before are the commit's own. */
  readonly index: number;
}

/** Groups of files that come to one file each: of one folder and one list of columns. */
export function smallFiles(files: readonly LakeFile[], targetBytes: number): LakeFile[][] {
  const groups = new Map<string, LakeFile[]>();
  for (const file of files) {
    if (file.bytes >= targetBytes * SMALL_SHARE) continue;
    const group = `${file.layout} ${file.partition}`;
    groups.set(group, [...(groups.get(group) ?? []), file]);
  }
  let left = targetBytes * TARGETS_A_COMMIT;
  return [...groups.values()].flatMap((group) => {
    const taken: LakeFile[] = [];
    let bytes = 0;
    for (const file of group) {
      if (bytes + file.bytes > targetBytes) break;
      bytes += file.bytes;
      taken.push(file);
    }
    if (taken.length < FILES || bytes > left) return [];
    left -= bytes;
    return [taken];
  });
}

/** Writes the files that take the place of small ones. */
export async function compact(
  writer: FileWriter,
  table: ManifestTable,
  local: LocalFiles,
  { of, targetBytes, sequence, index }: CompactionOptions,
): Promise<Compacted> {
  const made: LakeFile[] = [];
  const replaced: LakeFile[] = [];
  for (const group of smallFiles(table.files, targetBytes)) {
    const [first] = group;
    if (first === undefined) continue;
    await local.fetch(group);
    const layout = table.layouts[first.layout] ?? [];
    const only = { ...table, layouts: [layout] };
    const rows = filesSql(
      only,
      group.map((file) => ({ ...file, layout: 0 })),
      local.pathOf,
    );
    const path = `${tableFolder(of)}/${first.partition}${fileName(writer, sequence, index + made.length)}`;
    const bytes = await writeFile(writer, rows, path);
    const times = (pick: (file: LakeFile) => string | null): string[] =>
      group.flatMap((file) => pick(file) ?? []).sort();
    const from = times((file) => file.from)[0] ?? null;
    const to = times((file) => file.to).at(-1) ?? null;
    made.push({ ...first, path, bytes, rows: group.reduce((sum, { rows: own }) => sum + own, 0), from, to });
    replaced.push(...group);
  }
  return { files: made, replaced };
}
