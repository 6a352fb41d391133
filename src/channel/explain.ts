/** `explain` over the channel: a row for each event, the one that was asked about first. */
import { explain } from '../explain/explain.ts';
import { openLineage } from '../explain/lineage.ts';
import { parseTarget } from '../explain/target.ts';
import { channelCommand, RequestError } from './channel-commands.ts';

/** An alert that was just raised may not be in the store yet. */
const PATIENCE_MS = 2_000;

export const explainCommand = channelCommand({
  name: 'explain',
  schema: { target: 'text' },
  async *rows({ dataDir, running, stores, caughtUp }, { target: text = '' }, context) {
    const target = parseTarget(text);
    if ('problem' in target) throw new RequestError(target.problem);
    if (target.kind === 'alert') await caughtUp(PATIENCE_MS, context);
    const endOf = (name: string): number | undefined =>
      running?.pipeline.units.find(({ log }) => log.name === name)?.log.durableOffset();
    const found = await explain(await openLineage(dataDir, endOf), target, ({ store, sql }) =>
      stores.of(store).read({ kind: 'query', sql }),
    );
    if ('notFound' in found) throw new RequestError(found.notFound);
    for (const note of found.notes) context.note(note);
    if (found.inputs > found.events.filter(({ relation }) => relation !== 'itself').length)
      context.note(`there are ${found.inputs.toLocaleString('en')} inputs; the first are shown`);
    yield found.events.map((event) => ({ ...event }));
  },
});
