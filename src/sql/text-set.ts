/** A set of texts that is asked by bytes, so that looking up a row's text costs no string. */
import type { TextColumn } from '../messages/columns.ts';

export type HasText = (column: TextColumn, row: number) => boolean;

export function textSet(texts: readonly string[]): HasText {
  const byHash = new Map<number, Uint8Array[]>();
  for (const text of texts) {
    const bytes = Buffer.from(text, 'utf8');
    const hash = hashOf(bytes, 0, bytes.length);
    byHash.set(hash, [...(byHash.get(hash) ?? []), bytes]);
  }
  return ({ bytes, starts, ends }, row) => {
    const [start, end] = [starts[row]!, ends[row]!];
    for (const known of byHash.get(hashOf(bytes, start, end)) ?? []) {
      if (isEqual(known, bytes, start, end)) return true;
    }
    return false;
  };
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0;
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + bytes[at]!) | 0;
  return hash;
}

function isEqual(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}
