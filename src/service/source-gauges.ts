/** Metrics of sources that report how far they are: each source's lag by partition, and how often it began anew. */
import type { Gauges } from '../http/metric-table.ts';
import type { SourceStatus } from '../sources/source.ts';

export function sourceGauges(status: ReadonlyMap<string, SourceStatus>): Gauges {
  const all = [...status];
  const ofEach = (count: (each: SourceStatus) => number) =>
    all.map(([source, each]) => ({ labels: { source }, value: count(each) }));
  const lags = all.flatMap(([source, { inputs }]) =>
    inputs.map(({ topic, partition, lag, lagState, state }) => ({
      labels: { source, topic, partition: String(partition) },
      lag,
      isStuck: lagState === 'stalled' || state === 'held' || state === 'halted',
    })),
  );
  return {
    source_lag_records: lags.map(({ labels, lag }) => ({ labels, value: lag })),
    source_partition_stuck: lags.map(({ labels, isStuck }) => ({ labels, value: isStuck ? 1 : 0 })),
    source_largest_lag_records: ofEach(({ inputs }) => Math.max(0, ...inputs.map(({ lag }) => lag))),
    source_failing: ofEach(({ problem, inputs }) =>
      problem !== null || inputs.some((input) => input.problem !== null) ? 1 : 0,
    ),
    source_restarts: ofEach(({ counts }) => counts.restarts),
    source_rebalances: ofEach(({ counts }) => counts.rebalances),
    source_offset_commits: ofEach(({ counts }) => counts.commits),
    source_failed_offset_commits: ofEach(({ counts }) => counts.failedCommits),
  };
}
