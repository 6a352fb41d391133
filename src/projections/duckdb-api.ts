/**
 * DuckDB's library for the store, whose process everything waits for at the start. The package is CommonJS, which `import`
 * parses twice: 200 ms of CPU time instead of 80.
 */
import { createRequire } from 'node:module';
import type * as Api from '@duckdb/node-api';

export const duckdbApi: typeof Api = createRequire(import.meta.url)('@duckdb/node-api');
