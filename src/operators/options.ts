/** The options of an operator: what the pipeline file sets, and the defaults of its schema. */
import { dynamicEventType } from '../messages/codec.ts';
import { type Definition, DefinitionError, type Row } from './definition.ts';

/** Throws a DefinitionError whose message begins with the option's name. */
export function optionsOf({ options: schema }: Definition, given: Readonly<Row>): Readonly<Row> {
  const names = schema.fields.map(({ name }) => name);
  const stray = Object.keys(given).find((name) => !names.includes(name));
  if (stray !== undefined) {
    throw new DefinitionError(`${stray}: there is no such option; declared: ${names.join(', ') || 'none'}`);
  }
  const missing = schema.fields.find((field) => field.default === undefined && given[field.name] === undefined);
  if (missing !== undefined) throw new DefinitionError(`${missing.name}: is missing, and has no default`);
  const options = Object.fromEntries(schema.fields.map((field) => [field.name, given[field.name] ?? field.default]));
  const path = dynamicEventType(schema).invalidPath(options);
  if (path === null) return Object.freeze(options);
  const field = schema.fields.find(({ name }) => name === path[0]);
  throw new DefinitionError(
    `${path.join('.')}: must be ${JSON.stringify(field?.type)}, not ${JSON.stringify(given[path[0] ?? ''])}`,
  );
}
