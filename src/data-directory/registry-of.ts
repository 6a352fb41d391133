/** The types of a data directory: the built-in ones, and those that its logs were written by. */
import { BUILTIN_TYPES } from '../builtin-types.ts';
import { readSchemaFiles } from '../journal/schema-files.ts';
import { createRegistry, type Registry } from '../messages/registry.ts';

export function registryOf(dataDir: string): Registry {
  const registry = createRegistry(BUILTIN_TYPES);
  for (const [fingerprint, json] of readSchemaFiles(dataDir)) registry.learn(fingerprint, json);
  return registry;
}
