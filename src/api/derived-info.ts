/** The windows and joins of a pipeline, as its HTTP side knows them. */
import type { Config } from '../config/config.ts';
import { relationsOf } from '../config/relations.ts';
import type { Relation } from '../config/sections/relation.ts';
import type { DerivedInfo } from '../http/view.ts';
import { fieldAt, valueTypeOf } from '../streams/field-type.ts';
import { isOfSeveral } from '../streams/group-key.ts';

export function derivedOf(config: Config): DerivedInfo[] {
  const relations = relationsOf(config);
  const keysOf = (of: string, key: string | null): DerivedInfo['keys'] => {
    return key === null ? 'none' : keyTypeIn(relations.named(of), key);
  };
  return [
    ...config.windows.map(({ name, stream, window, key, aggregates }): DerivedInfo => {
      const names = aggregates.map((aggregate) => aggregate.name);
      return {
        name,
        kind: 'window',
        of: [stream],
        window: window.kind,
        key: isOfSeveral(key) ? key.map((part) => part.name).join(', ') : key,
        keys: isOfSeveral(key) ? 'several' : keysOf(stream, key),
        aggregates: names,
      };
    }),
    ...config.joins.map(({ name, left, right, leftKey }): DerivedInfo => {
      const keys = keysOf(left, leftKey);
      return { name, kind: 'join', of: [left, right], window: null, key: leftKey, keys, aggregates: [] };
    }),
  ];
}

/** A union of texts and numbers shows as text. */
function keyTypeIn({ schema }: Relation, key: string): DerivedInfo['keys'] {
  const field = fieldAt(schema, key);
  return field !== undefined && valueTypeOf(field) === 'number' ? 'number' : 'text';
}
