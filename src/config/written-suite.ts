/** A suite in a file of its own: one of Great Expectations' in JSON, or the section `checks` of a pipeline file. */
import { nameHint } from '../nearest-word.ts';
import type { Suite, SuiteExpectation } from '../quality/suite/suite.ts';
import { ConfigError } from './config-error.ts';
import { parseConfig, readConfigText } from './load.ts';
import { isMap } from './overrides.ts';
import { EXPECTATION_TYPES, expectationForm } from './sections/suite-forms.ts';
import { writtenRule } from './sections/written-rule.ts';

export interface WrittenSuite {
  readonly suites: readonly Suite[];
  /** Of a suite of Great Expectations: what is left out, and why; a line each. */
  readonly unsupported: readonly string[];
}

/** Throws a ConfigError. */
export function readSuiteFile(file: string): WrittenSuite {
  const text = readConfigText(file);
  if (file.endsWith('.json')) return greatExpectations(text, file);
  // A pipeline file must declare streams, and a file of suites has none.
  const whole = /^streams:/m.test(text) ? text : `${text}\nstreams: {}\n`;
  const { checks } = parseConfig(whole, file, {});
  if (checks.length === 0) throw problem(file, 'has no suite under `checks`');
  return { suites: checks, unsupported: [] };
}

/** Parameters of Great Expectations that say how results are given, not what is expected; the last is for pandas alone. */
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

function greatExpectations(text: string, file: string): WrittenSuite {
  const written = parsed(text, file);
  const list = isMap(written) ? written.expectations : null;
  if (!isMap(written) || !Array.isArray(list)) {
    throw problem(file, 'is no suite of Great Expectations: a map with a name and a list of expectations');
  }
  const expectations: SuiteExpectation[] = [];
  const unsupported: string[] = [];
  for (const [i, entry] of list.entries()) {
    const taken = expectationOf(entry);
    if (typeof taken === 'string') unsupported.push(`expectation ${i + 1}: ${taken}`);
    else expectations.push(taken);
  }
  const name = written.name ?? written.expectation_suite_name;
  return { suites: [{ name: typeof name === 'string' ? name : file, expectations }], unsupported };
}

/** Versions before 1.0 call the type `expectation_type`. */
function expectationOf(entry: unknown): SuiteExpectation | string {
  if (!isMap(entry) || !isMap(entry.kwargs)) return 'is no map with a type and kwargs';
  const type = String(entry.type ?? entry.expectation_type);
  if (!EXPECTATION_TYPES.includes(type)) return `${type} is not supported; ${nameHint(type, EXPECTATION_TYPES)}`;
  const given = Object.entries(entry.kwargs).filter(([key, value]) => value !== null && !OF_RESULTS.includes(key));
  const severity = entry.severity ?? entry.kwargs.severity;
  const form = expectationForm.safeParse({
    [type]: Object.fromEntries(given),
    ...(typeof severity === 'string' ? { severity } : {}),
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
