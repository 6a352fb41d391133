/** A type whose records have names of their own: Avro knows a name once in a schema. */
import { type AvroSchema, isUnion } from '../messages/avro.ts';

/** `taken` has the names so far, and gets those of the type. */
export function uniquelyNamed(type: AvroSchema, taken: Set<string>): AvroSchema {
  if (typeof type === 'string') return type;
  if (isUnion(type)) return type.map((branch) => uniquelyNamed(branch, taken));
  switch (type.type) {
    case 'array':
      return { ...type, items: uniquelyNamed(type.items, taken) };
    case 'map':
      return { ...type, values: uniquelyNamed(type.values, taken) };
    case 'record': {
      let name = type.name;
      for (let n = 2; taken.has(name); n++) name = `${type.name}_${n}`;
      taken.add(name);
      return {
        ...type,
        name,
        fields: type.fields.map((field) => ({ ...field, type: uniquelyNamed(field.type, taken) })),
      };
    }
    default:
      return type;
  }
}
