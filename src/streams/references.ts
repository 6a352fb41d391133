/** Which keys refer to which, counted: a key refers to another as long as one of its versions does. */
import type { Key } from './key-column.ts';

export interface References {
  add(ref: Key, key: Key): void;
  remove(ref: Key, key: Key): void;
  /** In an order of their own, whatever the order in which they came. */
  to(ref: Key): readonly Key[];
}

export function createReferences(): References {
  const counts = new Map<Key, Map<Key, number>>();
  return {
    add(ref, key) {
      if (ref === null) return;
      const own = counts.get(ref) ?? new Map<Key, number>();
      counts.set(ref, own);
      own.set(key, (own.get(key) ?? 0) + 1);
    },
    remove(ref, key) {
      const own = counts.get(ref);
      const left = (own?.get(key) ?? 0) - 1;
      if (left > 0) own?.set(key, left);
      else own?.delete(key);
      if (own?.size === 0) counts.delete(ref);
    },
    to: (ref) => [...(counts.get(ref)?.keys() ?? [])].sort(compare),
  };
}

/** Keys of one table are of one type. */
function compare(one: Key, other: Key): number {
  if (one === null || other === null || one === other) return 0;
  return one < other ? -1 : 1;
}
