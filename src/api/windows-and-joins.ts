/** The windows and joins of a pipeline, as its HTTP side knows them. */
import type { Config } from '../config/config.ts';
import { relationsOf } from '../config/relations.ts';
import type { Relation } from '../config/sections/relation.ts';
import type { WindowOrJoin } from '../http/view.ts';
import { fieldAt, valueTypeOf } from '../streams/field-type.ts';
import { isOfSeveral, type KeyPart } from '../streams/group-key.ts';

export function windowsAndJoinsOf(config: Config): WindowOrJoin[] {
  const relations = relationsOf(config);
  const keysOf = (of: string, key: string | null): WindowOrJoin['keys'] => {
    return key === null ? 'none' : keyTypeIn(relations.named(of), key);
  };
  return [
    ...config.windows.map(({ name, stream, window, key, aggregates, results = [] }): WindowOrJoin => {
      const shown = aggregates.filter(({ isHidden }) => isHidden !== true);
      const names = [...shown, ...results].map((result) => result.name);
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
    ...config.joins.map(({ name, left, right, leftKey }): WindowOrJoin => {
      const keys = isOfSeveral(leftKey) ? keysOfParts(leftKey) : keysOf(left, leftKey);
      const key = isOfSeveral(leftKey) ? leftKey.map(({ field }) => field).join(', ') : leftKey;
      return { name, kind: 'join', of: [left, right], window: null, key, keys, aggregates: [] };
    }),
  ];
}

function keysOfParts([part, ...others]: readonly KeyPart[]): WindowOrJoin['keys'] {
  if (others.length > 0) return 'several';
  return part?.gives === 'text' ? 'text' : 'number';
}

/** A union of texts and numbers shows as text. */
function keyTypeIn({ schema }: Relation, key: string): WindowOrJoin['keys'] {
  const field = fieldAt(schema, key);
  return field !== undefined && valueTypeOf(field) === 'number' ? 'number' : 'text';
}
