/**
 * Texts of which a column has few, such as the version of a model: each is in a table of its own once, and a row has its number.
 * A text in each row costs more to store than all numbers of the row together, however often it is the same.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { type NumberColumn, type TextColumn, textAt } from '../messages/columns.ts';

export const FEW_TEXTS_SQL = 'CREATE TABLE few_texts (id INTEGER NOT NULL, text VARCHAR NOT NULL)';

export interface FewTexts {
  /** The numbers of a column's texts. */
  numbersOf(column: TextColumn): NumberColumn;
  /** Hands new texts to the connection's transaction. */
  flush(): void;
  /** Keeps the numbers of new texts, since the transaction was committed. */
  keep(): void;
  /** Forgets the numbers of new texts, since the transaction was rolled back. */
  clear(): void;
}

export async function openFewTexts(connection: DuckDBConnection): Promise<FewTexts> {
  const numbers = new Map<string, number>();
  const known = await connection.runAndReadAll('SELECT id, text FROM few_texts');
  for (const [id, text] of known.getRows()) numbers.set(String(text), Number(id));
  const appender = await connection.createAppender('few_texts');
  let fresh: string[] = [];
  let flushed = 0;

  function numberOf(text: string): number {
    const known = numbers.get(text);
    if (known !== undefined) return known;
    const id = numbers.size;
    numbers.set(text, id);
    fresh.push(text);
    return id;
  }

  return {
    numbersOf(column) {
      const { bytes, starts, ends, nulls } = column;
      const values = new Float64Array(starts.length);
      // Most rows have the same text as the row before.
      let last = -1;
      for (let row = 0; row < values.length; row++) {
        if (nulls?.[row] === 1) continue;
        const isSame = last >= 0 && isEqual(bytes, starts[last]!, ends[last]!, starts[row]!, ends[row]!);
        values[row] = isSame ? values[last]! : numberOf(textAt(column, row));
        last = row;
      }
      return { kind: 'number', values, exact: null, nulls };
    },
    flush() {
      for (; flushed < fresh.length; flushed++) {
        const text = fresh[flushed]!;
        appender.appendInteger(numbers.get(text)!);
        appender.appendVarchar(text);
        appender.endRow();
      }
      appender.flushSync();
    },
    keep() {
      fresh = [];
      flushed = 0;
    },
    clear() {
      for (const text of fresh) numbers.delete(text);
      fresh = [];
      flushed = 0;
      appender.clear();
    },
  };
}

function isEqual(bytes: Uint8Array, start: number, end: number, otherStart: number, otherEnd: number): boolean {
  if (end - start !== otherEnd - otherStart) return false;
  for (let i = start, j = otherStart; i < end; i++, j++) if (bytes[i] !== bytes[j]) return false;
  return true;
}
