/** Opens a lake: its manifest is compared with the pipeline file, and files that a crash has left are removed. */
import { OvertakenError, type Place } from '../../places/place.ts';
import { isLakeFile } from './files.ts';
import {
  LAKE_MANIFEST,
  type LakeManifest,
  type ManifestColumn,
  type ManifestTable,
  parseManifest,
} from './manifest.ts';
import { printPartitionBy } from './options.ts';
import type { LakeTable } from './stage.ts';
import { columnsOf } from './views.ts';

export interface FoundLake {
  readonly manifest: LakeManifest;
  /** Null: there is none yet. */
  readonly version: string | null;
}

/** Throws, in words for people, when the lake is another's, or can't be gone on with. */
export async function findLake(
  place: Place,
  owner: number,
  tables: readonly { readonly table: LakeTable; readonly layout: readonly ManifestColumn[] }[],
): Promise<FoundLake> {
  const found = await place.readManifest();
  const names = await place.list();
  if (found === null) {
    const other = names.find((name) => !isLakeFile(name) && !name.endsWith('.part'));
    if (other !== undefined) {
      throw new Error(`${place.name} has files, such as ${other}, and is no lake of Millrace: name an empty folder`);
    }
  }
  const where = `${place.name}/${LAKE_MANIFEST}`;
  const manifest = found === null ? null : parseManifest(found.text, where);
  if (manifest !== null && manifest.owner !== owner) {
    throw new Error(
      `the lake ${place.name} is filled from another data directory: name another path, or take it over, emptied, with ` +
        '`millrace replay --projection` and the name of the store',
    );
  }
  const own = new Map<string, ManifestTable>(Object.entries(manifest?.tables ?? {}));
  for (const { table, layout } of tables) own.set(table.of, grown(place.name, own.get(table.of), table, layout));
  const kept = new Set([
    ...[...own.values()].flatMap(({ files }) => files.map(({ path }) => path)),
    ...(manifest?.replaced ?? []).map(({ path }) => path),
  ]);
  // Of a commit that never was.
  for (const name of names) if (isLakeFile(name) && !kept.has(name)) await place.remove(name);
  const { sequence = 0, replaced = [] } = manifest ?? {};
  return {
    manifest: { owner, sequence, commit: '', tables: Object.fromEntries(own), replaced },
    version: found?.version ?? null,
  };
}

/** The table with the columns that its next file will have. */
function grown(
  lake: string,
  known: ManifestTable | undefined,
  { of, options }: LakeTable,
  layout: readonly ManifestColumn[],
): ManifestTable {
  const partitionBy = options.partitionBy.map(printPartitionBy);
  if (known === undefined) return { layouts: [layout], partitionBy, offsets: {}, files: [] };
  const anew = 'name another path, or fill it anew with `millrace replay --projection` and the name of the store';
  if (known.partitionBy.join() !== partitionBy.join() && known.files.length > 0) {
    throw new Error(
      `${of} is in the lake ${lake} in other folders (${known.partitionBy.join(', ') || 'none'}): ${anew}`,
    );
  }
  const types = new Map(columnsOf(known).map(({ name, type }) => [name, type]));
  for (const { name, type } of layout) {
    const before = types.get(name);
    if (before === undefined || before === type || widens(before, type)) continue;
    throw new Error(`${of} has the column ${name} in the lake ${lake} as ${before}, and now as ${type}: ${anew}`);
  }
  const isSame = JSON.stringify(known.layouts.at(-1)) === JSON.stringify(layout);
  return { ...known, partitionBy, layouts: isSame ? known.layouts : [...known.layouts, layout] };
}

/** Whether every value of one type is one of the other. */
function widens(from: string, to: string): boolean {
  if (from === 'INTEGER') return to === 'BIGINT' || to === 'DOUBLE';
  const [, digits, scale] = /^DECIMAL\((\d+),(\d+)\)$/.exec(from) ?? [];
  const [, newDigits, newScale] = /^DECIMAL\((\d+),(\d+)\)$/.exec(to) ?? [];
  return scale !== undefined && scale === newScale && Number(newDigits) >= Number(digits);
}

/** Removes the lake's own files: those of any manifest that was, and the manifest. */
export async function eraseLake(place: Place): Promise<void> {
  // The manifest first: without it nothing names the files.
  await place.remove(LAKE_MANIFEST);
  for (const name of await place.list()) if (isLakeFile(name)) await place.remove(name);
}

/** In words for people. */
export function overtaken(place: Place, error: unknown): unknown {
  if (!(error instanceof OvertakenError)) return error;
  return new Error(`the lake ${place.name} was written to by another process: only one may fill it`, { cause: error });
}
