/** About what event time a commit stands at: the largest of what it took in. */
import type { Commit, Section } from '../messages/commit.ts';
import type { Registry } from '../messages/registry.ts';
import { exchangedBlockType, windowPartsType } from '../messages/types.ts';

/** Event times of what came in from outside, by the full name of its record. */
export type TimeFields = ReadonlyMap<string, { readonly timeField: string; readonly timeLessMs?: number }>;

/** NaN for one that took in nothing of a known time. */
export function commitTimeMs({ sections }: Commit, registry: Registry, fields: TimeFields): number {
  let newestMs = Number.NEGATIVE_INFINITY;
  for (const section of sections) {
    if (section.role !== 'input') continue;
    if (section.fingerprint !== exchangedBlockType.fingerprint) {
      newestMs = Math.max(newestMs, newestOf(section, registry, fields));
      continue;
    }
    for (const entry of registry.decodeAs(exchangedBlockType, section.fingerprint, section.bytes)) {
      for (const { occurredAt } of entry.before) newestMs = Math.max(newestMs, occurredAt ?? newestMs);
      const { fingerprint, count, block } = entry;
      newestMs = Math.max(newestMs, newestOf({ fingerprint, count, bytes: block }, registry, fields));
    }
  }
  return newestMs === Number.NEGATIVE_INFINITY ? Number.NaN : newestMs;
}

function newestOf(block: Omit<Section, 'role'>, registry: Registry, fields: TimeFields): number {
  let newestMs = Number.NEGATIVE_INFINITY;
  if (block.fingerprint === windowPartsType.fingerprint) {
    for (const { parts } of registry.decodeAs(windowPartsType, block.fingerprint, block.bytes)) {
      for (const { start } of parts) newestMs = Math.max(newestMs, Number(start));
    }
    return newestMs;
  }
  const type = registry.writerOf(block.fingerprint);
  const field = type === undefined ? undefined : fields.get(type.name);
  if (type === undefined || field === undefined) return newestMs;
  const columns = type.columns(block);
  const times = columns.numbers(field.timeField);
  for (let row = 0; row < columns.count; row++) newestMs = Math.max(newestMs, times[row]!);
  return newestMs - (field.timeLessMs ?? 0);
}
