/** `millrace check`: suites of expectations held against files, tables and queries, for a terminal or for CI. */
import { writeFileSync } from 'node:fs';
import { runSuite } from '../checks/checked-table.ts';
import { openFileTable } from '../checks/file-table.ts';
import type { Config } from '../config/config.ts';
import type { SuiteConfig } from '../config/sections/checks.ts';
import { suitePlaces } from '../config/suite-places.ts';
import { unknownName } from '../keys/names.ts';
import { printableLine } from '../messages/printable.ts';
import { expectationTitle, junitXml } from '../quality/suite/junit.ts';
import type { ExpectationResult, SuiteResult } from '../quality/suite/result.ts';
import { CONFIG_OPTION, type Command, configFileOf, configOf, JSON_OPTION, print, text } from './command.ts';
import { EXIT, UsageError } from './exit.ts';

export const checkCommand: Command = {
  name: 'check',
  summary: 'hold suites of expectations against a file; exit code 3 when a critical one is not met',
  usage: 'check [SUITE] --input FILE [--config FILE] [--json] [--junit FILE] [--fail-on warning]',
  options: {
    ...CONFIG_OPTION,
    ...JSON_OPTION,
    input: { type: 'string', value: 'FILE', help: 'of CSV, JSON lines, Avro or Parquet' },
    junit: { type: 'string', value: 'FILE', help: 'write the results there too, as JUnit has them' },
    'fail-on': { type: 'string', value: 'WORD', help: 'warning: exit with 3 for a warning too' },
  },
  async run(values, words) {
    const input = text(values, 'input');
    const failOn = text(values, 'fail-on') ?? 'critical';
    if (failOn !== 'critical' && failOn !== 'warning') throw new UsageError('--fail-on is critical or warning');
    const config = configOf(values);
    const suites = suitesOf(config, words);
    if (input === undefined) throw new UsageError('say what to check: --input FILE');
    const results: SuiteResult[] = [];
    for (const suite of suites) {
      const stream = config.streams.find(({ name }) => suite.of?.kind === 'stream' && name === suite.of.name) ?? null;
      const table = await openFileTable(input, stream);
      try {
        const result = await runSuite(suite, table, Date.now());
        results.push(result);
        if (values.json !== true) await print(suiteText(result, suitePlaces(configFileOf(values), suite.name)));
        if (table.refused !== null) {
          const { count, first } = table.refused;
          process.stderr.write(`millrace: ${count} records of ${input} can't be read; ${printableLine(first)}\n`);
        }
      } finally {
        await table.close();
      }
    }
    if (values.json === true) await print(JSON.stringify(results.length === 1 ? results[0] : results));
    const junit = text(values, 'junit');
    if (junit !== undefined) writeFileSync(junit, junitXml(results));
    const isBad = ({ outcome }: SuiteResult): boolean =>
      outcome === 'failed' || (failOn === 'warning' && outcome !== 'passed');
    return results.some(isBad) ? EXIT.checkFailed : EXIT.ok;
  },
};

/** The one that is named; without a name, every suite of the file. */
function suitesOf({ checks }: Config, [name, ...rest]: readonly string[]): readonly SuiteConfig[] {
  if (rest.length > 0) throw new UsageError(`check takes one suite; there was also ${rest.join(' ')}`);
  const known = checks.map((suite) => suite.name);
  if (name === undefined && checks.length === 0) throw new UsageError('the pipeline file has no suite under `checks`');
  if (name === undefined) return checks;
  const suite = checks.find((each) => each.name === name);
  if (suite === undefined) throw new UsageError(unknownName('suite', name, known));
  return [suite];
}

const SIGNS = { passed: 'ok  ', warning: 'WARN', failed: 'FAIL' } as const;
const SHOWN_VALUES = 5;

/** A line an expectation; what was not met has its place in the file and some of its values. */
function suiteText({ suite_name: name, statistics, results }: SuiteResult, placeOf: (index: number) => string): string {
  const lines = results.flatMap((result, i) => {
    const head = `${SIGNS[result.outcome]} ${expectationTitle(result)}`;
    if (result.message === null) return [head];
    return [`${head}: ${result.message}${examples(result)}`, `     ${placeOf(i)}`];
  });
  const { successful_expectations: met, evaluated_expectations: all } = statistics;
  return [`${name}: ${met} of ${all} expectations are met`, ...lines].join('\n');
}

function examples({ result: { partial_unexpected_list: list } }: ExpectationResult): string {
  if (!Array.isArray(list) || list.length === 0 || list.every((value) => value === null)) return '';
  const some = list.slice(0, SHOWN_VALUES).map((value) => JSON.stringify(value));
  return ` (${some.join(', ')}${list.length > SHOWN_VALUES ? ', …' : ''})`;
}
