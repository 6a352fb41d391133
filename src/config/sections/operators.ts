/** The operators of a file that users wrote: each module is loaded, and held against its streams, before anything starts. */
import { z } from 'zod';
import { type Report, unknownField } from '../../keys/names.ts';
import { formatDuration } from '../../keys/units.ts';
import { duration, name } from '../../keys/value-schema.ts';
import type { AvroRecord, AvroSchema } from '../../messages/avro.ts';
import { type Definition, DefinitionError, type Row, readDefinition } from '../../operators/definition.ts';
import { optionsOf } from '../../operators/options.ts';
import { outputSchema, outputStream } from '../../operators/output-writer.ts';
import { isKeyByText, isKeyField, NO_KEY } from '../../streams/field-key.ts';
import { expressionTypeOf, fieldAt, valueTypeOf } from '../../streams/field-type.ts';
import { loadUserModule } from '../../user-code/load-module.ts';
import { ModuleError } from '../../user-code/module-file.ts';
import { NO_EXCHANGES, placedByKeys } from '../declared-operator.ts';
import { entries, type Reading, section } from '../section.ts';
import { declaredUserOperator, type OperatorConfig, outputRelations } from './declared-user-operator.ts';
import { isKeptTogether, type Relation } from './relation.ts';

const operator = z.strictObject({
  module: z
    .string()
    .min(1)
    .describe("JavaScript, or TypeScript on a Node that runs it, relative to this file's folder."),
  input: z
    .record(name, z.string().nullable())
    .refine((inputs) => Object.keys(inputs).length > 0, {
      message: 'needs a stream and its key, such as orders: orderId',
    })
    .describe('By stream, the field that is the key; null: every partition sees the stream.'),
  options: z.record(z.string(), z.unknown()).default({}).describe('What the operator declares as its options.'),
  ttl: duration.nullable().prefault(null).describe('A key that nothing has touched for so long, in event time, goes.'),
  onError: z
    .enum(['fail', 'deadLetter'])
    .default('fail')
    .describe(
      'An event that the operator fails on: fail tries the batch again, then sets the event aside for all; deadLetter, at once for this operator alone.',
    ),
});

type RawOperator = z.output<typeof operator>;

const each = entries(operatorOf);

export const operatorsSection = section({
  key: 'operators',
  schema: z.record(name, operator).default({}),
  streamNames: (raw) => Object.keys(raw),
  relations: {
    entryOf: (name, raw) => Object.keys(raw).find((operator) => name.startsWith(outputStream(operator, ''))) ?? null,
    names: (raw, reading) => Object.entries(raw).flatMap(([own, written]) => outputNamesOf(own, written, reading)),
    of(name, reading) {
      const raw = operatorsSection.raw(reading);
      const own = each.one(operatorsSection.relationEntry(name, reading) ?? '', raw, reading);
      if (own === null) return null;
      const streams = Object.keys(own.input);
      const [first, ...others] = streams.flatMap((stream) => reading.relation(stream, ['operators', own.name]) ?? []);
      if (first === undefined || others.length < streams.length - 1) return null;
      const placing = placedByKeys(own.name, Object.values(own.input), [first, ...others], NO_EXCHANGES);
      return outputRelations(own, placing).find((output) => output.name === name);
    },
  },
  operators: (operators: readonly OperatorConfig[]) => operators.map(declaredUserOperator),
  derive: (raw, reading): readonly OperatorConfig[] => each.all(raw, reading),
  print: (operators) => Object.fromEntries(operators.map((own) => [own.name, printOperator(own)])),
});

function outputNamesOf(name: string, { module }: RawOperator, { resolve }: Reading): string[] {
  const loaded = loadedOf(resolve(module), [], () => {});
  return [...(loaded?.definition.outputs.keys() ?? [])].map((output) => outputStream(name, output));
}

/** The operator; null when its module, or what it reads, can't be had, which makes everything else unknowable. */
function operatorOf(name: string, written: RawOperator, reading: Reading): OperatorConfig | null {
  const at = ['operators', name];
  const { report } = reading;
  const raw = { ...written, module: reading.resolve(written.module) };
  const loaded = loadedOf(raw.module, [...at, 'module'], report);
  if (loaded === null) return null;
  const { definition, sha256 } = loaded;
  checkHandlers([...at, 'input'], raw, definition, report);
  const streams: Relation[] = [];
  const keyTypes: AvroSchema[] = [];
  for (const [stream, key] of Object.entries(raw.input)) {
    const path = [...at, 'input', stream];
    const relation = reading.relation(stream, path);
    if (relation === null) continue;
    streams.push(relation);
    checkFields(path, definition.events.get(stream) ?? null, relation, report);
    const keyType = keyTypeOf(path, key, relation, definition, report);
    if (keyType !== null) keyTypes.push(keyType);
  }
  const keyType = oneKeyType([...at, 'input'], keyTypes, report);
  checkOptions([...at, 'options'], definition, raw.options, report);
  if (raw.ttl !== null && raw.ttl <= 0) report([...at, 'ttl'], 'must be longer than 0');
  return {
    name,
    module: raw.module,
    sha256,
    input: raw.input,
    options: raw.options,
    order: orderOf(raw.input, streams),
    ttlMs: raw.ttl,
    onError: raw.onError,
    keyType,
    outputs: [...definition.outputs].map(([output, fields]) => {
      return { stream: outputStream(name, output), schema: outputSchema(name, output, fields, keyType) };
    }),
  };
}

function loadedOf(
  path: string,
  at: readonly string[],
  report: Report,
): { readonly definition: Definition; readonly sha256: string } | null {
  try {
    const { exported, sha256 } = loadUserModule(path);
    return { definition: readDefinition(exported), sha256 };
  } catch (error) {
    if (error instanceof ModuleError) report(at, error.message);
    else if (error instanceof DefinitionError) report(at, `${path}: ${error.message}`);
    else throw error;
    return null;
  }
}

/** Reports an input that nothing handles, and a handler without its input: either mistake would go unseen. */
function checkHandlers(
  at: readonly string[],
  { input }: RawOperator,
  { on, onBroadcast }: Definition,
  report: Report,
): void {
  for (const [stream, key] of Object.entries(input)) {
    const handlers = key === null ? onBroadcast : on;
    if (handlers.has(stream)) continue;
    const [part, other] = key === null ? ['onBroadcast', on] : ['on', onBroadcast];
    const known = [...handlers.keys()].join(', ') || 'none';
    const hint = other.has(stream)
      ? key === null
        ? '; it has one for a key'
        : '; it has one for null, a broadcast'
      : '';
    report([...at, stream], `the operator has no handler for it in \`${part}\`${hint}; known: ${known}`);
  }
  for (const stream of [...on.keys(), ...onBroadcast.keys()]) {
    if (!Object.hasOwn(input, stream)) report(at, `lacks ${stream}, which the operator has a handler for`);
  }
}

function checkFields(
  at: readonly string[],
  declared: AvroRecord | null,
  { name, schema }: Relation,
  report: Report,
): void {
  for (const field of declared?.fields ?? []) {
    const own = fieldAt(schema, field.name);
    if (own === undefined) report(at, `the operator reads ${field.name}; ${unknownField(schema, field.name)}`);
    else if (expressionTypeOf(own) !== expressionTypeOf(field)) {
      const types = `${JSON.stringify(own.type)}, and the operator reads ${JSON.stringify(field.type)}`;
      report(at, `${field.name} of ${name} is ${types}`);
    } else if (acceptsNull(own.type) && !acceptsNull(field.type)) {
      report(at, `${field.name} of ${name} may be null, and the operator reads ${JSON.stringify(field.type)}`);
    }
  }
}

function acceptsNull(type: AvroSchema): boolean {
  return Array.isArray(type) && type.includes('null');
}

/** The type of the key; null when it can't be a key, or the input has none. */
function keyTypeOf(
  at: readonly string[],
  key: string | null,
  { schema }: Relation,
  definition: Definition,
  report: Report,
): AvroSchema | null {
  if (key === null) return null;
  const field = fieldAt(schema, key);
  if (field === undefined) {
    report(at, unknownField(schema, key));
    return null;
  }
  if (!isKeyField(field)) {
    report(at, `${key} ${NO_KEY}`);
    return null;
  }
  const type = valueTypeOf(field) === 'text' || isKeyByText(schema, key) ? 'string' : 'long';
  if (definition.key !== null && definition.key !== type) {
    report(
      at,
      `${key} is ${type === 'string' ? 'text' : 'a number'}, and the operator says \`key: '${definition.key}'\``,
    );
  }
  return acceptsNull(field.type) ? ['null', type] : type;
}

/** Checks that the keys of all inputs are of one type, since state is by key. */
function oneKeyType(at: readonly string[], types: readonly AvroSchema[], report: Report): AvroSchema {
  const own = types.map((type) => (Array.isArray(type) ? type[1] : type));
  const [first = 'long'] = own;
  if (own.some((type) => type !== first)) report(at, 'the keys of its streams are of one type: text, or whole numbers');
  return types.some(acceptsNull) ? ['null', first] : first;
}

/** The order of the inputs' events. It is the same for any number of partitions, so that number is not asked for. */
function orderOf(input: RawOperator['input'], streams: readonly Relation[]): OperatorConfig['order'] {
  const inputs = Object.entries(input);
  const isTogether = inputs.every(([stream, key]) => {
    const of = streams.find(({ name }) => name === stream);
    return of !== undefined && isKeptTogether(of, key);
  });
  return inputs.length === 1 && isTogether ? 'arrival' : 'time';
}

function checkOptions(at: readonly string[], definition: Definition, options: Readonly<Row>, report: Report): void {
  try {
    optionsOf(definition, options);
  } catch (error) {
    if (!(error instanceof DefinitionError)) throw error;
    const [option = ''] = error.message.split(/[.:]/, 1);
    report(Object.hasOwn(options, option) ? [...at, option] : at.slice(0, -1), error.message);
  }
}

function printOperator({ module, input, options, ttlMs, onError }: OperatorConfig) {
  return { module, input, options, ttl: ttlMs === null ? null : formatDuration(ttlMs), onError };
}
