/**
 * The rules that stand beside the model: which fire, their reasons in words, and how much each adds to the score. A
 * rule's bit in `TransactionScored.ruleHits` is its place in the list.
 */
import type { AvroRecord } from '../messages/avro.ts';
import type { Columns } from '../messages/columns.ts';
import type { Checked } from '../sql/checked.ts';
import { compileCondition, compileExpression } from '../sql/compile.ts';
import { bindCondition, bindNumber } from '../sql/compiled.ts';
import { bindTemplate, compileTemplate } from '../sql/template.ts';
import type { UserFunction } from '../sql/user-function.ts';
import { SqlError } from '../sql/value.ts';
import { columnsWithFacts, type FactColumns, newFacts, recordWithFacts } from './rule-facts.ts';
import type { AlertRaised } from './schemas.ts';

export interface Rule {
  readonly name: string;
  /** SQL over the fields of recordWithFacts(). */
  readonly where: string;
  /** Chance of fraud, from 0 to 1, that the rule is taken to speak for on its own. */
  readonly score: number;
  /** A template, as src/sql/template.ts has them. */
  readonly reason: string;
  /** What the condition looks at, and what it is held against, as SQL; absent where no number says it. */
  readonly value?: string;
  readonly norm?: string;
  /** Of users, that its expressions name. */
  readonly functions?: readonly UserFunction[];
}

/** Rules that one number of 32 bits has a place for. */
export const RULES_MAX = 31;

type Reason = AlertRaised['reasons'][number];

export interface RuleSet {
  /** The events whose rows are asked about from now on. The caller fills in the facts of a row before it asks. */
  begin(columns: Columns): FactColumns;
  /** Bits of the rules that fire. A rule whose condition fails on the row does not, and `failed` is told. */
  fired(row: number, failed: (rule: Rule, row: number, error: SqlError) => void): number;
  /** Why, for an analyst: the strongest rule first. */
  reasons(hits: number, row: number): Reason[];
}

interface Compiled {
  readonly rule: Rule;
  readonly condition: Checked;
  readonly template: ReturnType<typeof compileTemplate>;
  readonly value: Checked | null;
  readonly norm: Checked | null;
}

interface Bound {
  readonly isTrue: (row: number) => boolean;
  reason(row: number): Reason;
}

/** Rules that were read and checked: once for all partitions that run them. */
export interface CompiledRules {
  readonly rules: readonly Rule[];
  readonly compiled: readonly Compiled[];
}

/** For events of the schema. Throws an ExpressionError when an expression does not fit it. */
export function compileRules(rules: readonly Rule[], event: AvroRecord): CompiledRules {
  const schema = recordWithFacts(event);
  return { rules, compiled: rules.map((rule) => compiledRule(rule, schema)) };
}

export function createRuleSet({ rules, compiled }: CompiledRules): RuleSet {
  const strongestFirst = rules.map((_, i) => i).sort((a, b) => rules[b]!.score - rules[a]!.score || a - b);
  let facts = newFacts(0);
  let bound: readonly Bound[] = [];
  return {
    begin(columns) {
      if (facts['session.count'].length < columns.count) facts = newFacts(columns.count);
      const all = columnsWithFacts(columns, facts);
      bound = compiled.map((own) => boundRule(own, all));
      return facts;
    },
    fired(row, failed) {
      let hits = 0;
      for (let i = 0; i < bound.length; i++) {
        try {
          if (bound[i]!.isTrue(row)) hits |= 1 << i;
        } catch (error) {
          if (!(error instanceof SqlError)) throw error;
          failed(rules[i]!, row, error);
        }
      }
      return hits;
    },
    reasons: (hits, row) => strongestFirst.filter((i) => (hits & (1 << i)) !== 0).map((i) => bound[i]!.reason(row)),
  };
}

/** From 0 to 1: one minus the product of each hit's chance to be innocent, as of independent evidence. */
export function ruleScore(rules: readonly Rule[], hits: number): number {
  if (hits === 0) return 0;
  let innocent = 1;
  for (const [i, { score }] of rules.entries()) if ((hits & (1 << i)) !== 0) innocent *= 1 - score;
  return 1 - innocent;
}

export function namesOf(rules: readonly Rule[], hits: number): string[] {
  return rules.filter((_, i) => (hits & (1 << i)) !== 0).map(({ name }) => name);
}

function compiledRule(rule: Rule, schema: AvroRecord): Compiled {
  const { where, reason, value, norm, functions } = rule;
  const number = (text: string | undefined): Checked | null =>
    text === undefined ? null : compileExpression(text, schema, 'sql', functions);
  return {
    rule,
    condition: compileCondition(where, schema, 'sql', functions),
    template: compileTemplate(reason, schema, functions),
    value: number(value),
    norm: number(norm),
  };
}

function boundRule({ rule, condition, template, value, norm }: Compiled, columns: Columns): Bound {
  return {
    isTrue: bindCondition(condition, columns),
    // Bound for the few rows that fire.
    reason(row) {
      const number = (of: Checked | null): number =>
        of === null ? Number.NaN : orElse(() => bindNumber(of, columns, () => {})(row), Number.NaN);
      const text = orElse(() => bindTemplate(template, columns)(row), rule.name);
      return { code: rule.name, text, value: number(value), norm: number(norm) };
    },
  };
}

/** A reason that can't be worded must not stop the alert. */
function orElse<T>(compute: () => T, other: T): T {
  try {
    return compute();
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    return other;
  }
}
