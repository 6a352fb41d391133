/** Explanations of a running service's journal. */
import { explain } from '../explain/explain.ts';
import { openLineage } from '../explain/lineage.ts';
import { parseTarget } from '../explain/target.ts';
import type { ExplainAnswer } from '../http/view.ts';
import type { Service } from '../service.ts';

/** Reads in this thread, and lets others have their turns. */
export async function explained({ config, pipeline, readModels }: Service, text: string): Promise<ExplainAnswer> {
  const target = parseTarget(text);
  if ('problem' in target) return target;
  const endOf = (name: string): number | undefined =>
    pipeline.units.find(({ log }) => log.name === name)?.log.durableOffset();
  const found = await explain(await openLineage(config.dataDir, endOf), target, ({ store, sql }) =>
    readModels.stores.of(store).read({ kind: 'query', sql }),
  );
  return 'notFound' in found ? found : { ...found, events: found.events.map((event) => ({ ...event })) };
}
