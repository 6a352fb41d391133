/**
 * Counts what of ksqlDB's query validation tests can be said here, from the files that were drawn: npx tsx
 * test/service/count-ksqldb.ts. The interval is a bootstrap's over files, since the cases of a file are alike (Efron and
 * Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13).
 */
import { type Case, drawnCases } from './ksqldb-cases.ts';

/** All of ksqlDB's cases, one for each format. */
const ALL = 2060;
const RESAMPLES = 10_000;

const formatsOf = (cases: readonly Case[]): number => cases.reduce((sum, { formats }) => sum + formats, 0);
const isSaid = (each: Case): boolean => 'sql' in each;
const isWrittenOut = (each: Case): boolean => 'sql' in each && !each.inferred;
const isEqual = (each: Case): boolean => 'sql' in each && each.differs === undefined && each.without === undefined;

function grouped<T>(all: readonly Case[], of: (each: Case) => T): Map<T, Case[]> {
  const groups = new Map<T, Case[]>();
  for (const each of all) groups.set(of(each), [...(groups.get(of(each)) ?? []), each]);
  return groups;
}

const files = [...grouped(drawnCases, ({ file }) => file).values()];

function shareOf(chosen: readonly (readonly Case[])[], is: (each: Case) => boolean): number {
  return formatsOf(chosen.flat().filter(is)) / formatsOf(chosen.flat());
}

/** Of 32 bits, the same on every machine. Source: Marsaglia, Xorshift RNGs, 2003. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function interval(is: (each: Case) => boolean): readonly [low: number, high: number] {
  const random = seeded(13);
  const shares = Array.from({ length: RESAMPLES }, () => {
    return shareOf(
      Array.from(files, () => files[Math.floor(random() * files.length)]!),
      is,
    );
  }).toSorted((a, b) => a - b);
  return [shares[RESAMPLES * 0.025]!, shares[RESAMPLES * 0.975]!];
}

const count = (share: number): string => String(Math.round(share * ALL));
const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

console.log(`${files.length} files, ${formatsOf(drawnCases)} cases`);
for (const [title, is] of [
  ['can be said', isSaid],
  ['can be said, columns of a registry aside', isWrittenOut],
  ['same results in all', isEqual],
] as const) {
  const [low, high] = interval(is);
  const share = shareOf(files, is);
  console.log(
    `${title}: ${formatsOf(drawnCases.filter(is))}, ${percent(share)}; of ${ALL} about ${count(share)}, from ${count(low)} to ${count(high)}`,
  );
}
const reasons = (of: (each: Case) => string | undefined): string =>
  [...grouped(drawnCases, of)]
    .flatMap(([reason, cases]) => (reason === undefined ? [] : [{ reason, cases: formatsOf(cases) }]))
    .toSorted((a, b) => b.cases - a.cases)
    .map(({ reason, cases }) => `\n  ${cases} ${reason}`)
    .join('');
console.log(`not said:${reasons((each) => ('not' in each ? each.not : undefined))}`);
console.log(`otherwise:${reasons((each) => ('sql' in each ? (each.differs ?? each.without) : undefined))}`);
