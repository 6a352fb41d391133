/** What is wrong with an operator is said before anything starts, with file, line and operator. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import { parseConfig } from '../../src/config/load.ts';

let dir = '';
let modules = 0;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-operators-'));
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A module of its own each time: a process loads one once. */
function moduleOf(text: string, extension = 'js'): string {
  const name = `module-${modules++}.${extension}`;
  writeFileSync(join(dir, name), text);
  return `./${name}`;
}
const operator = (spec: string): string => moduleOf(`export default { millrace: 'operator', spec: ${spec} };`);
const FINE =
  "{ on: { 'payments.transactions'() {} }, outputs: { hits: { n: 'int' } }, options: { limit: { type: 'int', default: 3 } } }";

const STREAMS = `streams:
  payments.transactions: { builtin: Transaction, key: customerId, eventTime: occurredAt, partitions: 2 }
  weather.observations: { builtin: WeatherObservation, key: place, eventTime: observedAt }
`;
const load = (text: string) => parseConfig(STREAMS + text, join(dir, 'pipeline.yaml'), {});
function problem(module: string, more = '', input = '{ payments.transactions: customerId }'): string {
  try {
    load(`operators:\n  own:\n    module: ${module}\n    input: ${input}\n${more}`);
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map(({ line, path, message }) => `${line} ${path}: ${message}`).join('; ');
    throw error;
  }
  return 'none';
}

describe('an operator of the pipeline file', () => {
  it('has its module beside the file, with the defaults of its options, and outputs with a key and a time', () => {
    const { operators } = load(
      `operators:\n  own:\n    module: ${operator(FINE)}\n    input: { payments.transactions: terminalId }\n    ttl: 1d\n    onError: deadLetter\n`,
    );
    expect(operators).toMatchObject([
      {
        name: 'own',
        input: { 'payments.transactions': 'terminalId' },
        ttlMs: 86_400_000,
        onError: 'deadLetter',
        keyType: 'long',
        outputs: [{ stream: 'own.hits', schema: { fields: [{ name: 'key' }, { name: 'n' }, { name: 'ts' }] } }],
      },
    ]);
  });

  it('is another one when its module changes, or a file that this imports', () => {
    writeFileSync(join(dir, 'limit.js'), 'export const limit = 1;\n');
    const text = `import { limit } from './limit.js';\nexport default { millrace: 'operator', spec: { on: { 'payments.transactions'() { return limit; } } } };`;
    const hash = (module: string) =>
      load(`operators: { own: { module: ${module}, input: { payments.transactions: customerId } } }`).operators[0]
        ?.sha256;
    const first = hash(moduleOf(text));
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(hash(moduleOf(text))).toBe(first);
    expect(hash(moduleOf(`${text}\n`))).not.toBe(first);
    writeFileSync(join(dir, 'limit.js'), 'export const limit = 2;\n');
    expect(hash(moduleOf(text))).not.toBe(first);
  });

  const cases: readonly (readonly [what: string, problem: () => string, expected: string])[] = [
    ['a module that is missing', () => problem('./nowhere.js'), '6 operators.own.module: there is no file'],
    ['a module of another kind', () => problem(moduleOf('', 'json')), 'a module ends in'],
    [
      'a module that throws',
      () => problem(moduleOf("\nthrow new Error('no luck');\n")),
      ":2:7 can't be imported: no luck",
    ],
    [
      'a module that does not parse',
      () => problem(moduleOf('const a = 1;\nconst b = {;\nexport default a;')),
      ":2:12 can't be imported: Unexpected token ';'",
    ],
    [
      'a module whose import does not parse',
      () => {
        writeFileSync(join(dir, 'broken.js'), '\nexport const = 1;\n');
        return problem(moduleOf("import { a } from './broken.js';\nexport default a;"));
      },
      "broken.js:2:14 can't be imported",
    ],
    [
      'a state with a type that is none',
      () => problem(operator("{ on: { 'payments.transactions'() {} }, state: { n: 'int', a: { type: 'record' } } }")),
      'state: a: {"type":"record"} is no Avro type: ',
    ],
    ['a module that waits', () => problem(moduleOf('await 1;\nexport default 1;')), 'waits at its top level'],
    ['a module without an operator', () => problem(moduleOf('export const a = 1;')), 'export default defineOperator'],
    [
      'an output that no schema fits',
      () => problem(operator("{ on: { 'payments.transactions'() {} }, outputs: { hits: { n: 'itn' } } }")),
      '6 operators.own.module: ',
    ],
    [
      'a state that no schema fits',
      () => problem(operator("{ on: { 'payments.transactions'() {} }, state: { n: { type: 'enum' } } }")),
      'state: ',
    ],
    [
      'an input stream that there is not',
      () => problem(operator(FINE), '', '{ payments.transaction: customerId }'),
      '7 operators.own.input.payments.transaction: ',
    ],
    [
      'a key that there is not',
      () => problem(operator(FINE), '', '{ payments.transactions: card }'),
      'there is no field',
    ],
    [
      'a broadcast without a handler',
      () => problem(operator(FINE), '', '{ payments.transactions: null }'),
      'in `onBroadcast`; it has one for a key',
    ],
    [
      'a handler without its input',
      () => problem(operator("{ on: { 'payments.transactions'() {}, orders() {} } }")),
      '7 operators.own.input: lacks orders',
    ],
    [
      'an option that there is not',
      () => problem(operator(FINE), '    options: { limt: 3 }\n'),
      '8 operators.own.options.limt: limt: there is no such option',
    ],
    [
      'an option of another type',
      () => problem(operator(FINE), '    options: { limit: many }\n'),
      '8 operators.own.options.limit: limit: must be "int", not "many"',
    ],
    [
      'an option that is missing',
      () => problem(operator("{ on: { 'payments.transactions'() {} }, options: { limit: 'int' } }")),
      '5 operators.own: limit: is missing',
    ],
    [
      'a key of another type',
      () => problem(operator("{ key: 'string', on: { 'payments.transactions'() {} } }")),
      "customerId is a number, and the operator says `key: 'string'`",
    ],
    [
      'events of another schema',
      () =>
        problem(
          operator(
            "{ events: { 'payments.transactions': { amount: 'long', terminalId: 'string' } }, on: { 'payments.transactions'() {} } }",
          ),
        ),
      'the operator reads amount; there is no field',
    ],
    [
      'keys of two types',
      () =>
        problem(
          operator("{ on: { 'payments.transactions'() {}, 'weather.observations'() {} } }"),
          '',
          '{ payments.transactions: customerId, weather.observations: place }',
        ),
      'the keys of its streams are of one type',
    ],
    [
      'a time to live of nothing',
      () => problem(operator(FINE), '    ttl: 0s\n'),
      '8 operators.own.ttl: must be longer than 0',
    ],
  ];
  it.each(cases)('with %s is refused', (_, found, expected) => {
    expect(found()).toContain(expected);
  });

  it('has a name of its own', () => {
    const one = `    module: ${operator(FINE)}\n    input: { payments.transactions: customerId }\n`;
    expect(() => load(`operators:\n  own:\n${one}  own:\n${one}`)).toThrow(
      /pipeline\.yaml:8.*own is in this map twice/,
    );
    expect(() => load(`operators:\n  Weather.Observations:\n${one}`)).toThrow('too like the name');
  });

  it('in TypeScript is read where Node takes the types off, and elsewhere says what to do', () => {
    const found = problem(moduleOf('const one: number = 1;\nexport default one;', 'ts'));
    const takesTypeScript = Boolean(Reflect.get(process.features, 'typescript'));
    const says = 'build it and name the .js file, or use Node 22.18';
    if (takesTypeScript) expect(found).not.toContain(says);
    else expect(found).toContain(says);
    expect(found).toContain('module');
  });
});
