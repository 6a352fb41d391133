/** The tables and suites of the pipeline file, as the steps of a job see them. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { suiteOn } from '../config/sections/checks.ts';
import { intoOf } from '../config/sections/job-steps.ts';
import type { JobConfig } from '../config/sections/jobs.ts';
import { JOBS_SCRATCH } from '../job-tables/names.ts';
import type { ServiceCore } from '../service.ts';
import type { StepHost } from '../steps/adapter.ts';

type Known = Pick<StepHost, 'jobTables' | 'auditsOf' | 'suite' | 'schemaOf' | 'scratchFile'>;

export function tablesOf({ config }: ServiceCore, job: JobConfig): Known {
  const schemaOf = (name: string) => config.streams.find((stream) => stream.name === name)?.schema ?? null;
  const written = config.jobs.flatMap(({ steps }) => steps.flatMap((step) => intoOf(step) ?? []));
  const suite = (name: string) => {
    const found = config.checks.find((each) => each.name === name);
    if (found === undefined) throw new Error(`There is no suite ${name}`);
    return { suite: found, on: suiteOn(found.of) };
  };
  return {
    jobTables: new Set(written.filter((name) => schemaOf(name) === null)),
    auditsOf: (table) =>
      job.steps.flatMap(({ name, settings }) => {
        if (settings.kind !== 'check') return [];
        return (settings.on ?? suite(settings.suite).on) === table ? [name] : [];
      }),
    suite,
    schemaOf,
    scratchFile(key, ending) {
      const folder = join(config.dataDir, JOBS_SCRATCH);
      mkdirSync(folder, { recursive: true });
      return join(folder, `${createHash('sha256').update(key).digest('hex').slice(0, 24)}.${ending}`);
    },
  };
}
