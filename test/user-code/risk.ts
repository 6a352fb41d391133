/** The functions of the documentation's example. */
import { defineFunction } from 'millrace';

export default defineFunction({
  args: ['BIGINT', 'VARCHAR'],
  returns: 'VARCHAR',
  call: (cents, country) => (cents >= 100_000 && country !== 'DE' ? 'high' : 'low'),
});

export const orNone = defineFunction({
  args: ['VARCHAR'],
  returns: 'VARCHAR',
  seesNulls: true,
  call: (text) => text ?? 'none',
});
