/** How the tables of runs are called that are not published. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The database of job tables, under the data directory. */
export const JOBS_FILE = 'jobs.duckdb';
/** Where a backup finds a copy of it, and what is restored leaves one. */
export const JOBS_COPY = 'job-tables/jobs.duckdb';

export function hasJobTables(dataDir: string): boolean {
  return [JOBS_FILE, JOBS_COPY].some((name) => existsSync(join(dataDir, name)));
}

/** What statements are working with, under the data directory: nothing in it outlives a service. */
export const JOBS_SCRATCH = 'jobs.tmp';
/** Tables of ours: no table of a user's has such a name. */
export const STAGED = 'millrace@staged';
export const PUBLISHED = 'millrace@published';

/** The rows of one run for one table. */
export function stagedTable(runId: string, table: string): string {
  return `${table}@${createHash('sha256').update(runId).digest('hex').slice(0, 16)}`;
}
