/** A suite in a file of its own: one of Great Expectations' in JSON, or the section `checks` of a pipeline file. */

import { isMap } from '../messages/json-map.ts';
import { nameHint } from '../nearest-word.ts';
import { conditionSql } from '../quality/suite/row-condition.ts';
import type { Suite, SuiteExpectation } from '../quality/suite/suite.ts';
import { CheckError } from '../quality/suite/table-column.ts';
import { ConfigError } from './config-error.ts';
import { parseConfig, readConfigText } from './load.ts';
import { EXPECTATION_TYPES, expectationForm } from './sections/suite-forms.ts';
import { writtenRule } from './sections/written-rule.ts';

export interface WrittenSuite {
  readonly suites: readonly Suite[];
  /** What of a suite of Great Expectations is left out, and why, one line each. */
  readonly unsupported: readonly string[];
}

/** `parameters` are values for `$PARAMETER` of Great Expectations, before those of the file. Throws a ConfigError. */
export function readSuiteFile(file: string, parameters: Parameters = {}): WrittenSuite {
  const text = readConfigText(file);
  if (file.endsWith('.json')) return greatExpectations(text, file, parameters);
  // A pipeline file must declare streams, and a file of suites has none.
  const whole = /^streams:/m.test(text) ? text : `${text}\nstreams: {}\n`;
  const { checks } = parseConfig(whole, file, {});
  if (checks.length === 0) throw problem(file, 'has no suite under `checks`');
  return { suites: checks, unsupported: [] };
}

/**
 * Parameters of Great Expectations about how results are given, not about what is expected. The last one is for pandas
 * alone.
 */
const OF_RESULTS = [
  'batch_id',
  'result_format',
  'include_config',
  'catch_exceptions',
  'meta',
  'notes',
  'severity',
  'allow_relative_error',
];

type Parameters = Readonly<Record<string, unknown>>;

function greatExpectations(text: string, file: string, given: Parameters): WrittenSuite {
  const written = parsed(text, file);
  const list = isMap(written) ? written.expectations : null;
  if (!isMap(written) || !Array.isArray(list)) {
    throw problem(file, 'is no suite of Great Expectations: a map with a name and a list of expectations');
  }
  const { suite_parameters: own, evaluation_parameters: earlier } = written;
  const parameters = { ...(isMap(earlier) ? earlier : {}), ...(isMap(own) ? own : {}), ...given };
  const expectations: SuiteExpectation[] = [];
  const unsupported: string[] = [];
  for (const [i, entry] of list.entries()) {
    const taken = expectationOf(entry, parameters);
    if (typeof taken === 'string') unsupported.push(`expectation ${i + 1}: ${taken}`);
    else expectations.push(taken);
  }
  const name = written.name ?? written.expectation_suite_name;
  return { suites: [{ name: typeof name === 'string' ? name : file, expectations }], unsupported };
}

/** Versions before 1.0 call the type `expectation_type`. */
function expectationOf(entry: unknown, parameters: Parameters): SuiteExpectation | string {
  if (!isMap(entry) || !isMap(entry.kwargs)) return 'is no map with a type and kwargs';
  const type = String(entry.type ?? entry.expectation_type);
  if (!EXPECTATION_TYPES.includes(type)) return `${type} is not supported; ${nameHint(type, EXPECTATION_TYPES)}`;
  const { row_condition: condition, condition_parser: parser = 'pandas', ...kwargs } = entry.kwargs;
  let own: unknown;
  let rows: string | null;
  try {
    own = withParameters(kwargs, parameters);
    rows = condition == null ? null : conditionSql(condition, String(parser));
  } catch (error) {
    if (!(error instanceof CheckError)) throw error;
    return `${type}: ${error.message}`;
  }
  const given = Object.entries(isMap(own) ? own : {}).filter(
    ([key, value]) => value !== null && !OF_RESULTS.includes(key),
  );
  const severity = entry.severity ?? entry.kwargs.severity;
  const form = expectationForm.safeParse({
    [type]: Object.fromEntries(given),
    ...(typeof severity === 'string' ? { severity } : {}),
    ...(rows === null ? {} : { row_condition: rows }),
  });
  if (!form.success) {
    const [issue] = form.error.issues;
    const keys = issue?.code === 'unrecognized_keys' ? issue.keys.join(', ') : issue?.path.slice(1).join('.');
    return `${type}: ${keys}: ${issue?.code === 'unrecognized_keys' ? 'is not supported' : issue?.message}`;
  }
  let wrong: string | null = null;
  const expectation = writtenRule(form.data, (path, message) => {
    wrong ??= `${path.join('.')}: ${message}`;
  });
  return wrong ?? expectation ?? `${type} says nothing`;
}

const NAME = /^[A-Za-z_][\w.:-]*$/;

/** The value with each `$PARAMETER` replaced. Throws a CheckError for a parameter without a value. */
function withParameters(value: unknown, parameters: Parameters): unknown {
  if (Array.isArray(value)) return value.map((each) => withParameters(each, parameters));
  if (!isMap(value)) return value;
  const { $PARAMETER: name } = value;
  if (name === undefined) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withParameters(each, parameters)]));
  }
  // Before 1.0 a parameter had a value beside it, for when none is given.
  const found = parameters[String(name)] ?? value[`$PARAMETER.${String(name)}`];
  if (found !== undefined) return found;
  if (!NAME.test(String(name)))
    throw new CheckError(`$PARAMETER ${JSON.stringify(name)} is an expression, which is not supported`);
  throw new CheckError(`$PARAMETER ${String(name)} has no value: give it with --param ${String(name)}=VALUE`);
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw problem(file, `is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function problem(file: string, message: string): ConfigError {
  return new ConfigError([{ file, line: null, column: null, path: '', message }]);
}
