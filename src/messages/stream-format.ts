/** How the inputs of one stream are written. */
import { type CsvOptions, RFC_4180 } from './csv-options.ts';
import { ISO_TIMES } from './times.ts';
import type { JsonOptions } from './unknown-fields.ts';

export interface StreamFormat {
  readonly csv: CsvOptions;
  /** JSON of files, of HTTP bodies and of topics alike. */
  readonly json: JsonOptions;
}

export const STANDARD_FORMAT: StreamFormat = { csv: RFC_4180, json: ISO_TIMES };
