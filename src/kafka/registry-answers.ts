/** Whether a schema registry answers, asked before a service starts. */
import { createSchemaRegistry, RegistryUnavailable } from './registry.ts';

/** No registry has a schema of this id, and each answers that it has none. */
const NO_SCHEMA = 0;

/** Null when it does. */
export async function askRegistry(url: string): Promise<{ readonly kind: 'down'; readonly message: string } | null> {
  try {
    await createSchemaRegistry(url).schemaOf(NO_SCHEMA, new AbortController().signal);
    return null;
  } catch (error) {
    if (!(error instanceof RegistryUnavailable)) throw error;
    return { kind: 'down', message: error.message };
  }
}
