/** The schemas that records name, from their registry. While the registry does not answer, the caller waits. */
import { type FoundSchema, RegistryUnavailable, type SchemaRegistry } from '../../kafka/registry.ts';
import type { KnownSchemas } from './record-values.ts';

export interface SchemaPorts {
  /** Null where there is none: then no record names a schema. */
  readonly registry: SchemaRegistry | null;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

/** Rejects when the signal aborts. `tell` has what is waited for, and null once it is there. */
export async function schemasOf(
  { registry, sleep }: SchemaPorts,
  ids: ReadonlySet<number>,
  tell: (problem: string | null) => void,
  signal: AbortSignal,
): Promise<KnownSchemas> {
  const found = new Map<number, FoundSchema>();
  let pauseMs = FIRST_PAUSE_MS;
  for (const id of ids) {
    while (registry !== null && !found.has(id)) {
      try {
        found.set(id, await registry.schemaOf(id, signal));
        if (pauseMs > FIRST_PAUSE_MS) tell(null);
      } catch (error) {
        if (!(error instanceof RegistryUnavailable)) throw error;
        tell(`${error.message}; it is asked again`);
        await sleep(pauseMs, signal);
        signal.throwIfAborted();
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      }
    }
  }
  return found;
}
