/** Where statements of steps run that say another `engine` than DuckDB. */
import { resolvedPlace } from '../../places/place-name.ts';
import { type Engines, engines, redactEngines } from '../../steps/engines/settings.ts';
import { section } from '../section.ts';

export const enginesSection = section({
  key: 'engines',
  schema: engines,
  derive: (raw, { resolve }): Engines => {
    const { spark } = raw;
    if (spark === null) return raw;
    return { ...raw, spark: { ...spark, results: resolvedPlace(spark.results, resolve) } };
  },
  print: (own) => own,
  redact: redactEngines,
});

/** The engines whose address or command the file says. */
export function declaredEngines(own: Engines): string[] {
  return Object.entries(own).flatMap(([name, settings]) => (settings === null ? [] : [name]));
}
