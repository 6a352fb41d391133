/** `millrace config`: checks a pipeline file, prints its full configuration, or prints the schema for an editor. */

import { type Config, redacted } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import { placeInFile } from '../config/file-place.ts';
import { checkFileAlone } from '../config/load.ts';
import { printConfig, printDefaults } from '../config/print.ts';
import { requireInputs } from '../config/sections/sources.ts';
import { jsonSchema } from '../config/shape.ts';
import { dialectNotes } from '../jobs/sql-dialect.ts';
import type { EngineName } from '../steps/engines/settings.ts';
import {
  actionOf,
  CONFIG_OPTION,
  type Command,
  configFileOf,
  configOf,
  DATA_OPTION,
  JSON_OPTION,
  type OptionValues,
  print,
} from './command.ts';
import { EXIT, UsageError } from './exit.ts';

export const configCommand: Command = {
  name: 'config',
  summary: 'check a configuration, print it with every default, or print its JSON schema',
  usage: 'config validate|print|schema [--config FILE] [--data DIR] [--json] [--defaults] [--no-environment]',
  options: {
    ...CONFIG_OPTION,
    ...DATA_OPTION,
    ...JSON_OPTION,
    defaults: { type: 'boolean', help: 'print: the defaults alone, as a commented file to begin with' },
    'no-environment': { type: 'boolean', help: 'validate: the file by itself, without the environment' },
  },
  async run(values, words) {
    const action = actionOf('config', words, ['validate', 'print', 'schema']);
    if (values.defaults === true && action !== 'print') throw new UsageError('--defaults goes with config print');
    if (values['no-environment'] === true && action !== 'validate') {
      throw new UsageError('--no-environment goes with config validate');
    }
    if (action === 'validate') await validate(values);
    else if (action === 'schema') await print(JSON.stringify(jsonSchema(), null, 2));
    else if (values.defaults === true) await print(printDefaults().trimEnd());
    else if (values.json === true) await print(JSON.stringify(redacted(await configOf(values))));
    else await print(printConfig(await configOf(values), { secrets: 'redacted' }).trimEnd());
    return EXIT.ok;
  },
};

async function validate(values: OptionValues): Promise<void> {
  const file = configFileOf(values);
  if (values['no-environment'] === true) {
    checkFileAlone(file);
    await print(values.json === true ? JSON.stringify({ file, valid: true }) : `${file} is valid by itself`);
    return;
  }
  const config = await configOf(values);
  requireInputs(config, file);
  await checkStatements(config, file);
  const warnings = dialectWarnings(config, file);
  const { streams, windows, joins, jobs, sinks } = config;
  const counts = {
    streams: streams.length,
    windows: windows.length,
    joins: joins.length,
    jobs: jobs.length,
    sinks: sinks.length,
  };
  const summary = Object.entries(counts).map(([what, count]) => `${what} ${count}`);
  if (values.json === true) {
    await print(JSON.stringify({ file, valid: true, ...counts, warnings }));
    return;
  }
  for (const { line, column, path, message } of warnings)
    process.stderr.write(`${file}:${line}:${column}: ${path}: warning: ${message}\n`);
  await print(`${file} is valid: ${summary.join(', ')}`);
}

interface Statement {
  readonly path: readonly string[];
  readonly sql: string;
  readonly engine: EngineName;
}

function statementsOf({ jobs }: Config): Statement[] {
  return jobs.flatMap(({ name: job, steps }) =>
    steps.flatMap(({ name: step, settings }) =>
      settings.kind === 'sql' && 'sql' in settings && 'engine' in settings
        ? [{ path: ['jobs', job, 'steps', step, 'sql'], sql: settings.sql, engine: settings.engine }]
        : [],
    ),
  );
}

/** What the engine of a step does not take of DuckDB's SQL, as far as that is known. */
function dialectWarnings(config: Config, file: string) {
  return statementsOf(config).flatMap(({ path, sql, engine }) =>
    (engine === 'spark' || engine === 'trino' ? dialectNotes(sql, engine) : []).map(({ message, character }) => {
      const { line = null, column = null } = placeInFile(file, path, character) ?? {};
      return { line, column, path: path.join('.'), message };
    }),
  );
}

/** Statements of steps, as DuckDB parses those that it runs. Throws a ConfigError. */
async function checkStatements(config: Config, file: string): Promise<void> {
  const statements = statementsOf(config).filter(({ engine }) => engine === 'duckdb');
  if (statements.length === 0) return;
  const { statementFaults } = await import('../job-tables/check-statements.ts');
  const faults = await statementFaults(statements.map(({ sql }) => sql));
  const problems = faults.flatMap((fault, i) => {
    const { path = [] } = statements[i] ?? {};
    if (fault === null) return [];
    const { line = null, column = null } = placeInFile(file, path, fault.character) ?? {};
    return [{ file, line, column, path: path.join('.'), message: fault.message }];
  });
  if (problems.length > 0) throw new ConfigError(problems);
}
