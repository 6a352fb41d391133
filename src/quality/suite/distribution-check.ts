/** How far the values of a column are from a stored distribution: Kullback-Leibler divergence, and the population stability index. */
import { type Check, numberOf, type Table } from './check.ts';
import { PASSED, type Verdict } from './result.ts';
import type { DistributionRule, Partition } from './suite.ts';
import {
  CheckError,
  columnNamed,
  comparable,
  literalOf,
  needNumeric,
  type TableColumn,
  valueSql,
} from './table-column.ts';

export function distributionCheck(rule: DistributionRule, table: Table): Check {
  const column = columnNamed(table.columns, rule.column);
  if (rule.type === 'expect_column_psi_to_be_less_than') return psiCheck(rule, column);
  const { partition_object: partition } = rule;
  return 'values' in partition ? categoriesCheck(rule, partition, column, table) : binsCheck(rule, partition, column);
}

type KlRule = Extract<DistributionRule, { readonly type: 'expect_column_kl_divergence_to_be_less_than' }>;
type Categories = Extract<Partition, { readonly values: unknown }>;
type Bins = Extract<Partition, { readonly bins: unknown }>;

/** More values than this are no set of categories. */
const CATEGORIES_MAX = 10_000;

/** The holdout is divided among values that are there and were not expected. */
function categoriesCheck(
  rule: KlRule,
  { values, weights }: Categories,
  column: TableColumn,
  { relation }: Table,
): Check {
  const value = valueSql(column);
  const literals = values.map((each) => literalOf(each, column));
  const counts = literals.map((literal) => (literal === null ? '0' : `count(*) FILTER (WHERE ${value} = ${literal})`));
  const known = literals.flatMap((literal) => literal ?? []);
  const others = known.length === 0 ? '' : `AND ${value} NOT IN (${known.join(', ')})`;
  return {
    scan: [`count(${value})`, ...counts],
    statement: `SELECT count(*) AS n FROM ${relation} WHERE ${value} IS NOT NULL ${others} GROUP BY ${value} LIMIT ${CATEGORIES_MAX}`,
    samples: null,
    judge([count, ...found], rows) {
      const total = numberOf(count);
      const holdout = rule.tail_weight_holdout;
      const observed = [...found.map(numberOf), ...rows.map(({ n }) => numberOf(n))];
      const expected = [
        ...weights.map((weight) => (rows.length === 0 ? weight : weight * (1 - holdout))),
        ...rows.map(() => holdout / rows.length),
      ];
      return divergence(rule, total, observed, expected);
    },
  };
}

/** Bins hold their lower edge and not their upper, but for the last, which holds both: numpy's histogram. */
function binsCheck(rule: KlRule, { bins, weights, tail_weights: tails }: Bins, column: TableColumn): Check {
  needNumeric(column, 'a distribution over bins');
  const value = valueSql(column);
  const hasTail = [bins[0] !== Number.NEGATIVE_INFINITY, bins.at(-1) !== Number.POSITIVE_INFINITY];
  const counts = weights.map((_, i) => {
    const isLast = i === weights.length - 1;
    const within = `${value} >= ${edge(bins[i], column)} AND ${value} ${isLast ? '<=' : '<'} ${edge(bins[i + 1], column)}`;
    return `count(*) FILTER (WHERE ${within})`;
  });
  const below = `count(*) FILTER (WHERE ${value} < ${edge(bins[0], column)})`;
  const above = `count(*) FILTER (WHERE ${value} > ${edge(bins.at(-1), column)})`;
  const { tail_weight_holdout: holdout, internal_weight_holdout: internal } = rule;
  const empty = weights.filter((weight) => weight === 0).length;
  const main = weights.map((weight) =>
    weight === 0 && internal > 0 ? internal / empty : weight * (1 - holdout - internal),
  );
  const tailCount = hasTail.filter(Boolean).length;
  const tail = (side: 0 | 1): number => tails?.[side] ?? holdout / tailCount;
  const expected = [...(hasTail[0] ? [tail(0)] : []), ...main, ...(hasTail[1] ? [tail(1)] : [])];
  return {
    scan: [`count(${value})`, ...(hasTail[0] ? [below] : []), ...counts, ...(hasTail[1] ? [above] : [])],
    statement: null,
    samples: null,
    judge: ([count, ...found]) => divergence(rule, numberOf(count), found.map(numberOf), expected),
  };
}

function edge(value: number | undefined, column: TableColumn): string {
  return comparable(value ?? 0, column, 'bins');
}

function divergence(rule: KlRule, total: number, observed: readonly number[], expected: readonly number[]): Verdict {
  if (total === 0) {
    const message = 'there are no values, so nothing was judged';
    return { outcome: 'warning', message, result: { observed_value: null } };
  }
  const found = klDivergence(observed, expected);
  const result = { observed_value: Number.isFinite(found) ? found : null };
  if (rule.threshold === null || found <= rule.threshold) return { ...PASSED, result };
  const size = Number.isFinite(found)
    ? String(Number(found.toPrecision(4)))
    : 'infinite: there are values that had no weight';
  return { outcome: 'failed', message: `the divergence is ${size}, above ${rule.threshold}`, result };
}

/** Σ p·ln(p/q) of both after they are normalized, as scipy.stats.entropy has it; Infinity where q is 0 and p is not. */
function klDivergence(observed: readonly number[], expected: readonly number[]): number {
  const sum = (weights: readonly number[]): number => weights.reduce((all, weight) => all + weight, 0);
  const [p, q] = [sum(observed), sum(expected)];
  return observed.reduce((all, own, i) => {
    if (own === 0) return all;
    const wanted = (expected[i] ?? 0) / q;
    return all + (own / p) * Math.log(own / p / wanted);
  }, 0);
}

/** What stands for the share of a bin that is empty on one side, as scorecards have it. */
const EMPTY_BIN = 1e-4;

type PsiRule = Extract<DistributionRule, { readonly type: 'expect_column_psi_to_be_less_than' }>;

/** Σ (p − q)·ln(p/q) over fixed bins: (−∞, e₁], (e₁, e₂], … (eₙ, ∞). */
function psiCheck(rule: PsiRule, column: TableColumn): Check {
  needNumeric(column, 'the population stability index');
  const { bins, weights, warn_above: warnAbove, threshold, min_count: minCount } = rule;
  if (weights.length !== bins.length + 1) throw new CheckError('weights has one number more than bins');
  const value = valueSql(column);
  const upTo = bins.map((each) => `count(*) FILTER (WHERE ${value} <= ${edge(each, column)})`);
  return {
    scan: [`count(${value})`, ...upTo],
    statement: null,
    samples: null,
    judge([count, ...below]) {
      const total = numberOf(count);
      const reached = [0, ...below.map(numberOf), total];
      const shares = weights.map((_, i) => (total === 0 ? 0 : ((reached[i + 1] ?? 0) - (reached[i] ?? 0)) / total));
      const psi = total === 0 ? null : psiOf(shares, weights);
      const result = { observed_value: psi, element_count: total, details: { observed_weights: shares } };
      if (psi === null || total < minCount) {
        const message = `there are ${total} values, and ${minCount} are needed for a judgement`;
        return { outcome: 'warning', message, result };
      }
      const message = `the index is ${Number(psi.toPrecision(4))}`;
      if (psi > threshold) return { outcome: 'failed', message: `${message}, above ${threshold}`, result };
      if (psi > warnAbove) return { outcome: 'warning', message: `${message}, above ${warnAbove}`, result };
      return { ...PASSED, result };
    },
  };
}

function psiOf(observed: readonly number[], reference: readonly number[]): number {
  const total = reference.reduce((sum, weight) => sum + weight, 0);
  return observed.reduce((sum, share, i) => {
    const [p, q] = [Math.max(share, EMPTY_BIN), Math.max((reference[i] ?? 0) / total, EMPTY_BIN)];
    return sum + (p - q) * Math.log(p / q);
  }, 0);
}
