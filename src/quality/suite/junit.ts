/** Results of suites as JUnit's XML, which CI systems show: a test case for each expectation. */
import type { ExpectationResult, SuiteResult } from './result.ts';

export function junitXml(suites: readonly SuiteResult[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.map(suiteXml).join('')}</testsuites>\n`;
}

function suiteXml({ suite_name: name, results }: SuiteResult): string {
  const count = (test: (result: ExpectationResult) => boolean): number => results.filter(test).length;
  const errors = count(({ exception_info: { raised_exception } }) => raised_exception);
  const failures = count(({ outcome }) => outcome === 'failed') - errors;
  const skipped = count(({ outcome }) => outcome === 'warning');
  const head = `  <testsuite name="${escaped(name)}" tests="${results.length}" failures="${failures}" errors="${errors}" skipped="${skipped}">\n`;
  return `${head}${results.map((result) => caseXml(name, result)).join('')}  </testsuite>\n`;
}

function caseXml(suite: string, result: ExpectationResult): string {
  const head = `    <testcase classname="${escaped(suite)}" name="${escaped(expectationTitle(result))}"`;
  if (result.outcome === 'passed') return `${head}/>\n`;
  const { raised_exception: isError } = result.exception_info;
  // Nothing of JUnit's is a warning. Most systems show what was skipped, with its reason, and fail nothing for it.
  const tag = isError ? 'error' : result.outcome === 'failed' ? 'failure' : 'skipped';
  return `${head}><${tag} message="${escaped(result.message ?? '')}"/></testcase>\n`;
}

/** An expectation and what it is of. */
export function expectationTitle({ expectation_config: { type, kwargs } }: ExpectationResult): string {
  const { column, column_A: a, column_B: b, column_list: list, row_condition: condition } = kwargs;
  const of = column ?? (a === undefined ? list : `${String(a)}, ${String(b)}`);
  const title = of === undefined ? type : `${type}(${Array.isArray(of) ? of.join(', ') : String(of)})`;
  return condition === undefined ? title : `${title} where ${String(condition)}`;
}

/** Characters that XML 1.0 can't hold are replaced. */
function escaped(text: string): string {
  const NAMES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll(/[&<>"]/g, (character) => NAMES[character] ?? character)
    .replaceAll(/[\t\n\r]/g, (space) => `&#${space.charCodeAt(0)};`);
}
