/** The service's logger: pretty on a terminal, JSON lines otherwise, always to stderr. The only importer of pino. */
import { createRequire } from 'node:module';
import { type DestinationStream, pino } from 'pino';
import type { PinoPretty } from 'pino-pretty';
import type { LogLevel } from './config/sections/log.ts';
import { printable, printableJson } from './messages/printable.ts';

export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const STDERR = 2;

/** Not loaded where nobody sees it. */
function prettyOf(): typeof PinoPretty {
  return createRequire(import.meta.url)('pino-pretty');
}

export function createLogger(level: LogLevel): Logger {
  const destination: DestinationStream = process.stderr.isTTY
    ? prettyOf()({
        destination: STDERR,
        sync: true,
        ignore: 'pid,hostname',
        translateTime: 'SYS:HH:MM:ss',
        // no-color.org: an empty value does not count.
        colorize: (process.env.NO_COLOR ?? '') === '',
      })
    : pino.destination({ dest: STDERR, sync: true });
  // Errors quote what strangers sent. The pretty form prints the strings that the JSON holds.
  const streamWrite = process.stderr.isTTY ? printableJson : printable;
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, hooks: { streamWrite } }, destination);
}
