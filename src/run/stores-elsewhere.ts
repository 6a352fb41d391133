/** The stores of a run that somebody else runs: waited for at its end, as long as they take something. */
import type { Service } from '../service.ts';

/** A store that has not got all of the run. */
export interface LackingStore {
  readonly store: string;
  /** Events of the journal. */
  readonly lacks: number;
  /** In words for people. */
  readonly problem: string;
}

const LOOK_EVERY_MS = 20;
/** How long a run waits for a store that takes nothing. */
const PATIENCE_MS = 10_000;

/** Resolves once each has what is durable, or has taken nothing for a while: with those. */
export async function lackingStores({ readModels }: Pick<Service, 'readModels'>): Promise<LackingStore[]> {
  const lanes = readModels.lanes.filter(({ isElsewhere }) => isElsewhere);
  const found = await Promise.all(
    lanes.map(async (lane) => {
      let sinceMs = performance.now();
      for (;;) {
        if (lane.lag() === 0) return null;
        const problem = lane.problem();
        if (problem === null) sinceMs = performance.now();
        else if (performance.now() - sinceMs > PATIENCE_MS) return { store: lane.name, lacks: lane.behind(), problem };
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
      }
    }),
  );
  return found.filter((each) => each !== null);
}
