/** A suite as a person would write it: a line an expectation, without what goes without saying. */
import { Document, isMap, isSeq, visit } from 'yaml';
import type { Suite } from '../quality/suite/suite.ts';
import { printRule } from './sections/written-rule.ts';

const WIDTH = 120;

export interface NamedSuite extends Suite {
  /** The stream or table that the suite is held against; null for none. */
  readonly on: string | null;
}

/**
 * The suite as YAML. Values that are left out are null, false, `mostly: 1` and critical, the defaults of every
 * expectation.
 */
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
      // The entries of a list, and everything within them.
      if (path.some(isSeq) && isMap(node)) node.flow = true;
    },
    Seq(_, node, path) {
      if (path.some(isSeq)) node.flow = true;
    },
  });
  return document.toString({ lineWidth: WIDTH });
}
