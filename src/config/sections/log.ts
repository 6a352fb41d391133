/** What the service says of itself. */
import { z } from 'zod';
import { section } from '../section.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogConfig {
  readonly level: LogLevel;
}

export const logSection = section({
  key: 'log',
  schema: z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info') }).prefault({}),
  derive: (raw): LogConfig => raw,
  print: (log) => log,
});
