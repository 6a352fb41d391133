/** `millrace check`: suites of expectations held against files, tables and queries, for a terminal or for CI. */
import { writeFileSync } from 'node:fs';
import { runSuite } from '../checks/checked-table.ts';
import type { Config } from '../config/config.ts';
import type { SuiteConfig } from '../config/sections/checks.ts';
import { suitePlaces } from '../config/suite-places.ts';
import { readSuiteFile } from '../config/written-suite.ts';
import { unknownName } from '../keys/names.ts';
import { printableLine } from '../messages/printable.ts';
import { expectationTitle, junitXml } from '../quality/suite/junit.ts';
import type { ExpectationResult, SuiteResult } from '../quality/suite/result.ts';
import type { Suite } from '../quality/suite/suite.ts';
import { relationSql } from '../service/checked-relation.ts';
import { openDirectory, openInputFile } from './check-target.ts';
import {
  CONFIG_OPTION,
  type Command,
  configFileOf,
  configOf,
  DATA_OPTION,
  JSON_OPTION,
  type OptionValues,
  print,
  text,
} from './command.ts';
import { EXIT, UsageError } from './exit.ts';

export const checkCommand: Command = {
  name: 'check',
  summary: 'hold suites of expectations against a file, a table or a query; exit code 3 when a critical one is not met',
  usage:
    'check [SUITE] [--input FILE | --on NAME] [--suite FILE [--param NAME=VALUE …]] [--config FILE] [--data DIR] [--json] [--junit FILE] ' +
    '[--fail-on warning]',
  options: {
    ...CONFIG_OPTION,
    ...DATA_OPTION,
    ...JSON_OPTION,
    input: { type: 'string', value: 'FILE', help: 'of CSV, JSON lines, Avro or Parquet' },
    on: { type: 'string', value: 'NAME', help: 'the stream, window or table, where the suite does not say' },
    suite: {
      type: 'string',
      value: 'FILE',
      help: "a suite of its own: Great Expectations' JSON, or YAML with `checks:`",
    },
    param: {
      type: 'string',
      multiple: true,
      value: 'NAME=VALUE',
      help: 'of a suite of Great Expectations: the value of a $PARAMETER',
    },
    junit: { type: 'string', value: 'FILE', help: 'write the results there too, as JUnit has them' },
    'fail-on': { type: 'string', value: 'WORD', help: 'warning: exit with 3 for a warning too' },
  },
  async run(values, words) {
    const failOn = text(values, 'fail-on') ?? 'critical';
    if (failOn !== 'critical' && failOn !== 'warning') throw new UsageError('--fail-on is critical or warning');
    const { suites, unsupported, file, config } = await suitesOf(values, words);
    for (const line of unsupported) process.stderr.write(`millrace: ${file}: ${printableLine(line)}\n`);
    const results = await resultsOf(suites, values, config);
    if (values.json === true) await print(jsonOf(results, unsupported));
    else {
      for (const result of results) await print(suiteText(result, suitePlaces(file, result.suite_name)));
    }
    const junit = text(values, 'junit');
    if (junit !== undefined) writeFileSync(junit, junitXml(results));
    const fails = ({ outcome }: SuiteResult): boolean =>
      outcome === 'failed' || (failOn === 'warning' && outcome !== 'passed');
    const isLess = failOn === 'warning' && unsupported.length > 0;
    return isLess || results.some(fails) ? EXIT.checkFailed : EXIT.ok;
  },
};

interface Chosen {
  readonly suites: readonly (Suite & Partial<SuiteConfig>)[];
  readonly unsupported: readonly string[];
  /** Where they stand. */
  readonly file: string;
  /** Null where the suites are in a file of their own, and nothing else needs a configuration. */
  readonly config: Config | null;
}

/** The one that is named; without a name, every suite that says what it is of, or every suite where the command does. */
async function suitesOf(values: OptionValues, [name, ...rest]: readonly string[]): Promise<Chosen> {
  if (rest.length > 0) throw new UsageError(`check takes one suite; there was also ${rest.join(' ')}`);
  const isOfFile = text(values, 'input') !== undefined;
  const own = text(values, 'suite');
  const file = own ?? configFileOf(values);
  const isConfigured = own === undefined || !isOfFile || text(values, 'config') !== undefined;
  const config = isConfigured ? await configOf(values) : null;
  const { suites, unsupported } =
    own === undefined
      ? { suites: config?.checks ?? [], unsupported: [] }
      : readSuiteFile(own, parametersOf(values.param));
  if (suites.length === 0) throw new UsageError(`${file} has no suite under \`checks\``);
  const known = suites.map((suite) => suite.name);
  if (name !== undefined && !known.includes(name)) throw new UsageError(unknownName('suite', name, known));
  return {
    suites: name === undefined ? suites : suites.filter((suite) => suite.name === name),
    unsupported,
    file,
    config,
  };
}

/** Values that are JSON, such as 5 or [1, 2], or else texts. */
function parametersOf(words: OptionValues[string]): Readonly<Record<string, unknown>> {
  const given = Array.isArray(words) ? words.map(String) : [];
  return Object.fromEntries(
    given.map((word) => {
      const equals = word.indexOf('=');
      if (equals < 1) throw new UsageError(`--param ${word} is not NAME=VALUE`);
      return [word.slice(0, equals), valueIn(word.slice(equals + 1))];
    }),
  );
}

function valueIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function resultsOf(
  suites: Chosen['suites'],
  values: OptionValues,
  config: Config | null,
): Promise<readonly SuiteResult[]> {
  const input = text(values, 'input');
  const results: SuiteResult[] = [];
  if (input !== undefined) {
    for (const suite of suites) {
      const of = suite.of?.kind === 'stream' ? suite.of.name : text(values, 'on');
      const stream = config?.streams.find((each) => each.name === of) ?? null;
      const table = await openInputFile(input, stream);
      try {
        results.push(await runSuite(suite, table, Date.now()));
      } finally {
        await table.close();
      }
    }
    return results;
  }
  if (config === null) throw new UsageError('say what to check: --input FILE, or --on NAME with --config or --data');
  const relations = suites.map((suite) => relationOf(suite, values, config));
  const store = await openDirectory(values);
  try {
    for (const [i, suite] of suites.entries()) {
      results.push(await runSuite(suite, { relation: relations[i] ?? '', rows: store.rows }, Date.now()));
    }
  } finally {
    await store.close();
  }
  return results;
}

function relationOf(suite: Chosen['suites'][number], values: OptionValues, config: Config): string {
  const on = text(values, 'on');
  const of = on === undefined ? (suite.of ?? null) : ({ kind: 'stream', name: on } as const);
  if (of === null)
    throw new UsageError(`say what ${suite.name} is of: --input FILE, --on NAME, or \`on:\` in the file`);
  const relation = relationSql(of, config);
  if (relation !== null) return relation;
  const named = of.kind === 'stream' ? of.name : '';
  throw new UsageError(`${named} is no stream, window or table that the analytics store has rows of`);
}

function jsonOf(results: readonly SuiteResult[], unsupported: readonly string[]): string {
  const [only] = results;
  const shown = unsupported.length === 0 ? results : results.map((result) => ({ ...result, unsupported }));
  return JSON.stringify(results.length === 1 && only !== undefined ? shown[0] : shown);
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
