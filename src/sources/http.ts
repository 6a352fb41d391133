/** Events over HTTP: clients deliver them through the service's port. */
import { z } from 'zod';
import { createJsonDecoder } from '../messages/json.ts';
import { sourceAdapter } from './adapter.ts';

export const httpSource = sourceAdapter({
  kind: 'http',
  schema: z.strictObject({}).nullable(),
  isBare: true,
  derive: () => ({}),
  print: () => ({}),
  check(_, { schema, key }, report) {
    try {
      createJsonDecoder(schema, key);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      report(['schema'], `has no form in JSON, which events over HTTP may be in: ${why}`);
    }
  },
});
