/**
 * Figures of commits, a line of JSON each in bench/history.jsonl: the machine, the commit, and of each scenario all its runs. Two
 * lines of one machine are compared by CPU time an event, which other work on the machine changes least.
 */
import { type Figures, medianOf } from './figures.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
}

export interface HistoryLine {
  /** Short hash; with a plus behind it where files were changed. */
  readonly commit: string;
  /** ISO 8601. */
  readonly at: string;
  readonly machine: Machine;
  readonly scenarios: Readonly<Record<string, readonly Figures[]>>;
}

export interface Change {
  readonly scenario: string;
  readonly beforeNs: number;
  readonly afterNs: number;
  /** By how much an event costs more: 0.1 is a tenth. */
  readonly growth: number;
  /** What the same events gave otherwise, for people; null when nothing. */
  readonly otherCounts: string | null;
  readonly isWorse: boolean;
}

/** Growth that is no noise, where runs of one commit do not differ by more themselves. */
const WORSE = 0.1;

/** Throws with the number of the line that is no JSON. */
export function parseHistory(text: string): HistoryLine[] {
  return text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    try {
      return [JSON.parse(line)];
    } catch (error) {
      throw new Error(`line ${i + 1} of the history is no JSON: mend or delete it`, { cause: error });
    }
  });
}

/**
 * The line to compare with and the line that is compared: the newest of `commit`, or of all, and the newest before it of another
 * commit on the same machine, or of `base`. Throws when there is none.
 */
export function pairOf(
  history: readonly HistoryLine[],
  base?: string,
  commit?: string,
): readonly [HistoryLine, HistoryLine] {
  const after = newest(history, (line) => commit === undefined || line.commit.startsWith(commit));
  if (after === undefined) throw new Error(`The history has no figures${commit === undefined ? '' : ` of ${commit}`}`);
  const machine = JSON.stringify(after.machine);
  const earlier = history.slice(0, history.indexOf(after)).filter((line) => JSON.stringify(line.machine) === machine);
  const before = newest(earlier, (line) =>
    base === undefined ? line.commit !== after.commit : line.commit.startsWith(base),
  );
  if (before === undefined) {
    throw new Error(
      `The history has nothing${base === undefined ? '' : ` of ${base}`} before ${after.commit} on its machine`,
    );
  }
  return [before, after];
}

function newest(lines: readonly HistoryLine[], is: (line: HistoryLine) => boolean): HistoryLine | undefined {
  return lines.filter(is).at(-1);
}

/** Of the scenarios that both have. */
export function changesOf(before: HistoryLine, after: HistoryLine): Change[] {
  return Object.entries(after.scenarios).flatMap(([scenario, runs]) => {
    const earlier = before.scenarios[scenario];
    if (earlier === undefined) return [];
    const [one, other] = [medianOf(earlier), medianOf(runs)];
    if (one.nsPerEvent === null || other.nsPerEvent === null) return [];
    const growth = other.nsPerEvent / one.nsPerEvent - 1;
    const isWorse = growth > Math.max(WORSE, spread(earlier), spread(runs));
    const counts = one.events === other.events ? otherCounts(one.counts, other.counts) : null;
    return [{ scenario, beforeNs: one.nsPerEvent, afterNs: other.nsPerEvent, growth, otherCounts: counts, isWorse }];
  });
}

/** How far runs of one commit lie from each other. */
function spread(runs: readonly Figures[]): number {
  const costs = runs.flatMap(({ nsPerEvent }) => nsPerEvent ?? []);
  return Math.max(...costs) / Math.min(...costs) - 1;
}

function otherCounts(before: Figures['counts'], after: Figures['counts']): string | null {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const other = names.filter((name) => before[name] !== after[name]);
  if (other.length === 0) return null;
  return other.map((name) => `${name} ${before[name] ?? 'none'} → ${after[name] ?? 'none'}`).join(', ');
}
