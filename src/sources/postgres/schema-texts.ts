/** Fields of a schema that hold a text, and so take any value of a database by its text. */
import { type AvroRecord, isUnion } from '../../messages/avro.ts';
import { typeName } from '../../streams/field-type.ts';

export function keptAsTexts({ fields }: AvroRecord): ReadonlySet<string> {
  return new Set(
    fields
      .filter(({ type }) => {
        const branches = (isUnion(type) ? type : [type]).map(typeName).filter((name) => name !== 'null');
        return branches.length === 1 && branches[0] === 'string';
      })
      .map(({ name }) => name),
  );
}
