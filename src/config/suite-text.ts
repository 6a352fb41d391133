/** A suite as a person would write it: a line an expectation, without what goes without saying. */
import { Document, isMap, isSeq, visit } from 'yaml';
import type { Suite } from '../quality/suite/suite.ts';
import { printRule } from './sections/written-rule.ts';

const WIDTH = 120;

export interface NamedSuite extends Suite {
  /** The stream or table that it is of; null for none. */
  readonly on: string | null;
}

/** What is left out is null, false, `mostly: 1` or critical: defaults of each expectation that has such a parameter. */
export function suiteYaml({ name, on, expectations }: NamedSuite): string {
  const list = expectations.map(({ rule, severity, rowCondition }) => ({
    [rule.type]: Object.fromEntries(
      Object.entries(printRule(rule)).filter(
        ([key, value]) => value !== null && value !== false && !(key === 'mostly' && value === 1),
      ),
    ),
    ...(severity === 'critical' ? {} : { severity }),
    ...(rowCondition === undefined ? {} : { row_condition: rowCondition }),
  }));
  const document = new Document({ checks: { [name]: on === null ? list : { on, expectations: list } } });
  visit(document, {
    Map(_, node, path) {
      // The entries of a list, and all that is in them.
      if (path.some(isSeq) && isMap(node)) node.flow = true;
    },
    Seq(_, node, path) {
      if (path.some(isSeq)) node.flow = true;
    },
  });
  return document.toString({ lineWidth: WIDTH });
}
