/** Stages of the overview by what they are part of. Pure. */

export function mostBehind(overview) {
  return overview.stages.reduce((most, stage) => (stage.lag > (most?.lag ?? 0) ? stage : most), null);
}

/** Not before the read models are open. */
export const isLagKnown = (overview) => overview.stages.every(({ lag }) => lag !== null);

const sum = (stages, name) => stages.reduce((total, stage) => total + stage[name], 0);
const largest = (stages, name) =>
  stages.reduce((most, stage) => (stage[name] === null ? most : Math.max(most ?? 0, stage[name])), null);

/** How the partitions of something go, together. */
export function together(partitions) {
  return {
    partitions: partitions.length,
    eventsPerSecond: sum(partitions, 'eventsPerSecond'),
    eventsTotal: sum(partitions, 'eventsTotal'),
    queueDepth: sum(partitions, 'queueDepth'),
    queueBound: sum(partitions, 'queueBound'),
    lag: largest(partitions, 'lag'),
    watermarkDelayMs: largest(partitions, 'watermarkDelayMs'),
    state: partitions.find(({ state }) => state !== 'running')?.state ?? partitions[0]?.state ?? 'unknown',
  };
}

/** A stream's source and its partitions, as the overview has them. */
export function stagesOf(overview, stream) {
  const source = overview.stages.find(({ id }) => id === `source:${stream}`) ?? null;
  const names = new Set(source?.feeds ?? []);
  return { source, partitions: overview.stages.filter(({ id, kind }) => kind === 'partition' && names.has(id)) };
}
