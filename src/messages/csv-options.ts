/** How the CSV of a stream is written: as RFC 4180 has it, with a header and ISO times, unless the stream says otherwise. */
import { ISO_TIMES, type TimeOptions } from './times.ts';

export interface CsvOptions {
  /** One ASCII character. */
  readonly delimiter: string;
  /** One ASCII character, doubled within quotes; null where no cell is quoted. */
  readonly quote: string | null;
  /**
   * `true`: the first record names the columns. A list names them in place of a header. `false`: there is none, and the
   * columns are the schema's fields in their order.
   */
  readonly header: boolean | readonly string[];
  /** Column to field, where the two differ. */
  readonly rename: Readonly<Record<string, string>>;
  /** Columns name fields in upper or lower case. */
  readonly ignoreCase: boolean;
  /** What becomes of columns that are no field. */
  readonly extraColumns: 'refuse' | 'ignore';
  /** What a line begins with that is no record; one ASCII character, or null where there are none. */
  readonly comment: string | null;
  /** Lines before the header, or before the first record. */
  readonly skipLines: number;
  /** Cells that stand for null. */
  readonly nulls: readonly string[];
  /** Between the whole and the fraction of a number. */
  readonly decimal: '.' | ',';
  readonly times: TimeOptions;
}

export const RFC_4180: CsvOptions = {
  delimiter: ',',
  quote: '"',
  header: true,
  rename: {},
  ignoreCase: false,
  extraColumns: 'refuse',
  comment: null,
  skipLines: 0,
  nulls: [''],
  decimal: '.',
  times: ISO_TIMES,
};

/** The bytes that structure a file; −1 for a quote, or a comment's beginning, that there is not. */
export interface CsvDialect {
  readonly delimiter: number;
  readonly quote: number;
  readonly comment: number;
  readonly skipLines: number;
}

type Structure = Pick<CsvOptions, 'delimiter' | 'quote' | 'comment' | 'skipLines'>;

export function dialectOf({ delimiter, quote, comment, skipLines }: Structure): CsvDialect {
  const byteOf = (character: string | null): number => character?.charCodeAt(0) ?? -1;
  return { delimiter: byteOf(delimiter), quote: byteOf(quote), comment: byteOf(comment), skipLines };
}
