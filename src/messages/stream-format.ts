/** How the inputs of one stream are written. */
import { type CsvOptions, RFC_4180 } from './csv-options.ts';
import { ISO_TIMES, type TimeOptions } from './times.ts';

export interface StreamFormat {
  readonly csv: CsvOptions;
  /** Times in JSON, of files and of HTTP bodies alike. */
  readonly jsonTimes: TimeOptions;
}

export const STANDARD_FORMAT: StreamFormat = { csv: RFC_4180, jsonTimes: ISO_TIMES };
