/** A `.json` file that is one array of events. It is read as a whole, since only its end says that it is one. */
import { openInput } from '../sources/file/open.ts';
import { beginsAsArray, eachItem } from './json-items.ts';

const BYTES_MAX = 512 * 1024 * 1024;

export interface JsonItem {
  readonly bytes: Buffer;
  /** How deep brackets are nested in it. */
  readonly depth: number;
}

/** Null when the file does not begin as an array: then it has lines. Throws for an array that is not whole, or too long. */
export async function jsonItems(path: string): Promise<readonly JsonItem[] | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of openInput(path)) {
    const bytes: Buffer = chunk;
    chunks.push(bytes);
    length += bytes.length;
    if (!beginsAsArray(chunks[0] ?? bytes)) return null;
    if (length > BYTES_MAX)
      throw new Error(`the array has more than ${BYTES_MAX} bytes; write its events as lines, .jsonl`);
  }
  const items: JsonItem[] = [];
  const problem = eachItem(Buffer.concat(chunks), {
    item: (bytes, _, depth) => {
      items.push({ bytes, depth });
    },
  });
  if (problem !== null) throw new Error(problem);
  return items;
}
