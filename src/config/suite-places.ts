/** Where the expectations of a suite stand in their pipeline file, for messages about data. */
import { isSeq, LineCounter, parseDocument } from 'yaml';
import { readConfigText } from './load.ts';
import { locate } from './positions.ts';

/**
 * The place of each expectation of a suite: `file:line:column`, or the file alone where the expectation is not found.
 */
export function suitePlaces(file: string, suite: string): (index: number) => string {
  const lines = new LineCounter();
  const document = parseDocument(readConfigText(file), { lineCounter: lines, prettyErrors: false });
  const isList = isSeq(document.getIn(['checks', suite]));
  return (index) => {
    const path = isList ? ['checks', suite, index] : ['checks', suite, 'expectations', index];
    const found = locate(document, lines, path);
    return found === null ? file : `${file}:${found.line}:${found.column}`;
  };
}
