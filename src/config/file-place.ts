/** Where something stands in a pipeline file, for who finds it wrong after the file was read. */
import { LineCounter, parseDocument } from 'yaml';
import { readConfigText } from './load.ts';
import { type Position, placeOf } from './positions.ts';

/** The place of a character of the value at the path, from 1; null where the file has no such value. */
export function placeInFile(file: string, path: readonly string[], character: number): Position | null {
  const text = readConfigText(file);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  return placeOf(document, lines, path, text, character);
}
