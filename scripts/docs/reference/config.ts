/** Keys of the pipeline file, of the schema that `millrace config schema` prints. */
import { jsonSchema, type Shape } from '../../../src/config/shape.ts';
import { code, table } from './markdown.ts';

interface Key {
  readonly path: string;
  readonly shape: Shape;
  readonly isRequired: boolean;
}

export function configText(): string {
  const root: Shape = jsonSchema();
  const sections = Object.entries(root.properties ?? {}).map(([name, shape]) => {
    const keys = [{ path: name, shape, isRequired: false }, ...keysBelow(name, shape)];
    return `## ${name}\n\n${table(['key', 'value', 'default', 'what it is'], merged(keys).map(rowOf))}`;
  });
  return `Each key of a pipeline file. \`*\` is a name that you choose, \`[]\` an item of a list. \`millrace config print --defaults\`
writes a file with every default, and \`millrace config schema\` the JSON schema for an editor.

${sections.join('\n')}`;
}

function keysBelow(path: string, shape: Shape): Key[] {
  const { properties = {}, required = [], additionalProperties, items, anyOf = [] } = shape;
  const own = Object.entries(properties).flatMap(([name, each]): Key[] => {
    const below = `${path}.${name}`;
    return [{ path: below, shape: each, isRequired: required.includes(name) }, ...keysBelow(below, each)];
  });
  const named = typeof additionalProperties === 'object' ? keysBelow(`${path}.*`, additionalProperties) : [];
  const listed = items === undefined ? [] : keysBelow(`${path}[]`, items);
  return [...own, ...named, ...listed, ...anyOf.flatMap((each) => keysBelow(path, each))];
}

/** A key that stands in several alternatives is one row: the first that says what it is. */
function merged(keys: readonly Key[]): Key[] {
  const byPath = new Map<string, Key>();
  for (const key of keys) {
    const known = byPath.get(key.path);
    if (known === undefined || known.shape.description === undefined) byPath.set(key.path, key);
  }
  return [...byPath.values()];
}

function rowOf({ path, shape, isRequired }: Key): string[] {
  const written = 'default' in shape ? JSON.stringify(shape.default) : '';
  const isLong = written.length > 60 || written === '{}';
  return [code(path), kindOf(shape), isRequired ? 'needed' : code(isLong ? '' : written), shape.description ?? ''];
}

function kindOf(shape: Shape): string {
  if (shape.enum !== undefined) return shape.enum.map((each) => code(String(each))).join(', ');
  if (shape.const !== undefined) return code(String(shape.const));
  if (shape.anyOf !== undefined)
    return [...new Set(shape.anyOf.map(kindOf))].filter((each) => each !== '').join(' or ');
  const types = [shape.type ?? []].flat();
  return types.map((type) => (type === 'object' ? 'map' : type === 'array' ? 'list' : type)).join(' or ');
}
