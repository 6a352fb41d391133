/** Where the events of a stream come from: one of the kinds of source that there are. */
import { z } from 'zod';
import type { Written } from '../../sources/adapter.ts';
import { SOURCES } from '../../sources/adapters.ts';
import { ConfigError, type Problem } from '../config-error.ts';

type Given<Form> = Form extends z.ZodType<Written<infer Settings>> ? Settings : never;

export type SourceConfig = Given<(typeof SOURCES)[number]['forms'][number]>;

const kinds = SOURCES.map(({ kind }) => (kind === 'http' ? kind : `{ ${kind} }`));

export const source: z.ZodType<Written<SourceConfig>> = z
  .union(SOURCES.flatMap(({ forms }): readonly z.ZodType<Written<SourceConfig>>[] => forms))
  .prefault('http')
  .describe(`Where its events come from: ${kinds.slice(0, -1).join(', ')} or ${kinds.at(-1)}.`);

export function printSource(source: SourceConfig): unknown {
  return SOURCES.map((adapter) => adapter.print(source)).find((printed) => printed !== null);
}

/** The part of a configuration that has sources. */
interface WithSources {
  readonly streams: readonly { readonly name: string; readonly source: SourceConfig }[];
}

/**
 * Throws a ConfigError when the input of a stream is not there. Only a service that starts needs it. A command that
 * reads a data directory, or is given another input, does not.
 */
export function requireInputs({ streams }: WithSources, configFile: string): void {
  const problems = streams.flatMap(({ name, source }): Problem[] =>
    SOURCES.flatMap((adapter) => {
      const missing = adapter.missing(source);
      if (missing === null) return [];
      const path = `streams.${name}.source.${missing.key}`;
      return [{ file: configFile, line: null, column: null, path, message: missing.message }];
    }),
  );
  if (problems.length > 0) throw new ConfigError(problems);
}
