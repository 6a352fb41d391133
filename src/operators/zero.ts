/** The record that a key begins with where nobody says otherwise: each field's default, else zero, empty or null. */
import type { AvroRecord, AvroSchema } from '../messages/avro.ts';

export function zeroOf(schema: AvroRecord): Record<string, unknown> {
  return Object.fromEntries(
    schema.fields.map((field) => [field.name, field.default === undefined ? zeroValue(field.type) : field.default]),
  );
}

function zeroValue(type: AvroSchema): unknown {
  if (typeof type === 'string') {
    if (type === 'null') return null;
    if (type === 'boolean') return false;
    if (type === 'string') return '';
    return type === 'bytes' ? Buffer.alloc(0) : 0;
  }
  if ('length' in type) return type.includes('null') ? null : zeroValue(type[0] ?? 'null');
  switch (type.type) {
    case 'record':
      return zeroOf(type);
    case 'enum':
      return type.default ?? type.symbols[0];
    case 'array':
      return [];
    case 'map':
      return {};
    case 'bytes':
      return Buffer.alloc(0);
    default:
      return 0;
  }
}
