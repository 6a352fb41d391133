/** What the exchange of a window is called, whose logs carry its name: by what events come together in it. */
import { type Relation, readBy } from './sections/relation.ts';

/** Every window of a stream that needs all of its events shares one; so do those that are keyed by one field. */
export function exchangeName(
  { key, top }: { readonly key: string | null; readonly top?: unknown },
  stream: Relation,
): string {
  const isWhole = key === null || (top !== undefined && top !== null);
  return isWhole ? `${readBy(stream).name}.all` : `${stream.name}.by.${key}`;
}
