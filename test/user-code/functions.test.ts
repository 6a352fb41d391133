/** Functions that users wrote: what the file says of them, what they get and give, and that a derivation knows them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import { parseConfig } from '../../src/config/load.ts';
import { printConfig } from '../../src/config/print.ts';
import { derivationOf } from '../../src/data-directory/derivations.ts';
import { exchangesOf } from '../../src/data-directory/exchanges.ts';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { columnsOfEvents } from '../../src/messages/columns.ts';
import { OPERATOR_KINDS } from '../../src/operator-kinds/kinds.ts';
import { derivationTypes } from '../../src/partition/derivation.ts';
import { createCheck } from '../../src/quality/check.ts';
import { compileExpression } from '../../src/sql/compile.ts';
import { bindValue } from '../../src/sql/compiled.ts';
import type { UserFunction } from '../../src/sql/user-function.ts';
import { testPipeline } from '../../src/testing.ts';
import { readFunction } from '../../src/user-code/function-definition.ts';
import { describeFunction } from '../../src/user-code/load-function.ts';
import risk, { orNone } from './risk.ts';

let dir = '';
let modules = 0;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-functions-'));
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
  writeFileSync(
    join(dir, 'order.avsc'),
    JSON.stringify({ ...ORDER, fields: [...ORDER.fields, { name: 'at', type: TIME }] }),
  );
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const TIME = { type: 'long', logicalType: 'timestamp-millis' } as const;
const ORDER: AvroRecord = {
  type: 'record',
  name: 'Order',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'cents', type: 'long' },
    { name: 'country', type: ['null', 'string'] },
  ],
};

/** A module of its own each time: a process loads one once. Each export is a function's definition. */
function moduleOf(exports: Readonly<Record<string, string>>): string {
  const name = `functions-${modules++}.js`;
  const texts = Object.entries(exports).map(([each, spec]) => {
    return `${each === 'default' ? 'export default' : `export const ${each} =`} { millrace: 'function', spec: ${spec} };`;
  });
  writeFileSync(join(dir, name), texts.join('\n'));
  return `./${name}`;
}
const RISK =
  "{ args: ['BIGINT', 'VARCHAR'], returns: 'VARCHAR', call: (n, c) => (n > 9 && c !== 'DE' ? 'high' : 'low') }";
const TWICE = "{ args: ['BIGINT'], returns: 'BIGINT', call: (n) => n * (typeof n === 'bigint' ? 2n : 2) }";

const STREAM =
  'streams:\n  orders:\n    schema: ./order.avsc\n    key: id\n    eventTime: at\n    partitions: 2\n    expect: [{ that: twice(cents) < 100 }]\n';
const REST = `derived:
  banded: { stream: orders, where: "risk_band(cents, country) = 'high'", select: { id: id, more: twice(cents) } }
  plain: { stream: orders, select: { id: id } }
joins:
  pairs: { left: orders, right: orders, within: 1s, on: "risk_band(cents, country)", where: twice(left.cents) > 0 }
windows:
  bands: { stream: orders, key: "risk_band(cents, country)", window: { tumbling: 1h }, aggregate: { n: sum(twice(cents)), m: twice(n) }, having: twice(n) > 2 }
  own: { stream: orders, key: id, window: { tumbling: 1h }, aggregate: { n: count() FILTER (WHERE twice(cents) > 8) } }
`;
const load = (text: string) => parseConfig(text, join(dir, 'pipeline.yaml'), {});
const file = (risks: string): string =>
  `functions:\n  risk_band: ${risks}\n  twice: { module: ${risks}, export: twice }\n${STREAM}${REST}`;

function problems(functions: string): string {
  try {
    load(`functions:\n${functions}\n${STREAM.replace(/ *expect.*\n/, '')}`);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems
      .map(({ line, path, message }) => `${line} ${path}: ${message.replaceAll(dir, '')}`)
      .join('; ');
  }
  return 'none';
}

/** What an expression gives of an event. */
function given(text: string, functions: readonly UserFunction[], event: object = {}): unknown {
  const whole = { id: 1, cents: 20, country: 'FR', ...event };
  return bindValue(compileExpression(text, ORDER, 'sql', functions), columnsOfEvents([whole]))(0);
}
function declared(spec: string): UserFunction[] {
  return [describeFunction('f', join(dir, moduleOf({ default: spec })), 'default')];
}

describe('the functions of a pipeline file', () => {
  it('are printed as they are read, and are in every expression that names them, and in no other', () => {
    const module = moduleOf({ default: RISK, twice: TWICE });
    const config = load(file(module));
    expect(config.functions).toMatchObject([
      { name: 'risk_band', export: 'default', args: ['BIGINT', 'VARCHAR'], returns: 'VARCHAR' },
      { name: 'twice', export: 'twice', args: ['BIGINT'], returns: 'BIGINT' },
    ]);
    const printed = printConfig(config, { secrets: 'shown' });
    expect(parseConfig(printed, join(dir, 'printed.yaml'), {}).functions).toEqual(config.functions);
    const names = (of: { readonly functions?: readonly UserFunction[] }) => of.functions?.map(({ name }) => name);
    expect(config.derived.map(names)).toEqual([['risk_band', 'twice'], undefined]);
    expect(config.joins.map(names)).toEqual([['risk_band', 'twice']]);
    expect(config.windows.map(names)).toEqual([['risk_band', 'twice'], ['twice']]);
    expect(config.streams[0]?.expectations).toMatchObject([{ kind: 'that', functions: [{ name: 'twice' }] }]);
  });

  it('are part of what events are derived by: another module is another derivation, and another exchange', () => {
    const [before, after] = [RISK, RISK.replace('> 9', '> 8')].map((spec) => {
      const config = load(file(moduleOf({ default: spec, twice: TWICE })));
      return { own: derivationOf(config, config.streams[0]!), exchanges: exchangesOf(config) };
    });
    expect(JSON.stringify(before!.own.operators[1])).not.toBe(JSON.stringify(after!.own.operators[1]));
    const names = [before, after].map((each) => each!.exchanges.map(({ exchange }) => exchange.name).sort());
    expect(names[0]?.[0]).toMatch(/^orders\.by\.risk_band_cents_country-[0-9a-f]{8}$/);
    expect(names[0]?.[0]).not.toBe(names[1]?.[0]);
    for (const { derivation } of before!.exchanges) derivationTypes(derivation, OPERATOR_KINDS);
    const other = JSON.parse(JSON.stringify(before!.own).replace(/"sha256":"[0-9a-f]{12}/g, '"sha256":"000000000000'));
    expect(() => derivationTypes(other, OPERATOR_KINDS)).toThrow(
      /^Events were derived with the function \w+ of another .*js than the one that is there \(SHA-256 000000000000…, now/,
    );
  });

  it.each([
    ['  f: ./gone.js', '2 functions.f: there is no file /gone.js'],
    ["  f: { module: './none.js', export: g }", '2 functions.f.module: /none.js, export g: there is no such export'],
    ['  f: ./boom.js', "2 functions.f: /boom.js:1:7 can't be imported: boom"],
    ['  lower: ./none.js', '2 functions.lower: is a function of SQL; choose another name'],
    ['  quantile: ./none.js', '2 functions.quantile: is an aggregate; choose another name'],
    ['  case: ./none.js', '2 functions.case: is a word of SQL; choose another name'],
    ['  riskBand: ./none.js', /^2 functions.riskBand: a function has small letters/],
  ])('are refused with line and function: %s', (functions, message) => {
    writeFileSync(join(dir, 'none.js'), 'export const a = 1;');
    writeFileSync(join(dir, 'boom.js'), "throw new Error('boom');");
    if (typeof message === 'string') expect(problems(functions)).toBe(message);
    else expect(problems(functions)).toMatch(message);
  });

  it.each([
    ["{ args: ['BIGNT'], returns: 'VARCHAR', call() {} }", 'args[0]: there is no type BIGNT; did you mean BIGINT?'],
    ["{ args: [], returns: 'VARCHAR[', call() {} }", 'returns: there is more behind the type: ['],
    [
      "{ args: 'BIGINT', returns: 'VARCHAR', call() {} }",
      "args: must be a list of types, such as ['BIGINT', 'VARCHAR']",
    ],
    ["{ args: [], returns: 'VARCHAR' }", 'call: must be a function'],
    [
      "{ args: [], returns: 'VARCHAR', cal() {} }",
      'cal: is no part of a function; known: args, returns, seesNulls, call',
    ],
  ])('say what is wrong with a definition: %s', (spec, message) => {
    expect(problems(`  f: ${moduleOf({ default: spec })}`)).toMatch(/^2 functions\.f: .*, export default: /);
    expect(problems(`  f: ${moduleOf({ default: spec })}`)).toContain(message);
  });
});

describe('a function', () => {
  it('is called without nulls, unless it sees them', () => {
    const plain = declared(RISK);
    expect(given('f(cents, country)', plain)).toBe('high');
    expect(given('f(cents, country)', plain, { country: null })).toBeNull();
    expect(given('F(cents * 2, upper(country)) || country', plain, { cents: 4 })).toBe('lowFR');
    // Where a call does not return, somebody has to watch: so none is made before there is an event.
    expect(compileExpression("f(10, 'x')", ORDER, 'sql', plain)).toMatchObject({ kind: 'call', name: 'f' });
    const seeing = declared("{ args: ['VARCHAR'], returns: 'VARCHAR', seesNulls: true, call: (t) => t ?? 'none' }");
    expect(given('f(country)', seeing, { country: null })).toBe('none');
  });

  it('gets its arguments widened to its types, and refuses others at the start', () => {
    const typed = declared("{ args: ['DOUBLE'], returns: 'VARCHAR', call: (n) => typeof n + n }");
    expect(given('f(cents)', typed)).toBe('number20');
    expect(given('f(1.25)', typed)).toBe('number1.25');
    expect(() => given('f(country)', typed)).toThrow('f does not take (VARCHAR); it is f(DOUBLE)');
    expect(() => given('f()', typed)).toThrow('f does not take (); it is f(DOUBLE)');
    expect(() => given('ff(1)', typed)).toThrow('there is no function ff; did you mean f?');
  });

  it('takes and gives whole numbers beyond 2^53 exactly', () => {
    expect(given('f(cents)', declared(TWICE), { cents: 2n ** 60n + 1n })).toBe(2n ** 61n + 2n);
  });

  it.each([
    ['VARCHAR', '1', 'f: gave 1, which is no VARCHAR'],
    ['BIGINT', '1.5', 'f: gave 1.5, which is no BIGINT'],
    ['BOOLEAN', 'undefined', 'f: gave undefined, which is no BOOLEAN'],
    ['BIGINT[]', "[1, 'x']", 'f: gave "x", which is no BIGINT'],
    ['DECIMAL(3,1)', '({ unscaled: 1000n, scale: 1 })', 'f: gave an object, which is no DECIMAL(3,1)'],
    ['VARCHAR', 'Promise.resolve()', 'f: gave a promise (a function may not be async), which is no VARCHAR'],
    ['VARCHAR', "(() => { throw new Error('it is so'); })()", 'f: it is so'],
    ['BIGINT', 'Date.now()', /^f: Date\.now\(\) was called in it, where a replay would give something else/],
    ['DOUBLE', 'Math.random()', /^f: Math\.random\(\) was called in it/],
  ])('fails with its name where a %s is %s', (type, result, message) => {
    const functions = declared(`{ args: ['BIGINT'], returns: '${type}', call: () => ${result} }`);
    expect(() => given('f(cents)', functions)).toThrow(message);
    expect(Date.now()).toBeGreaterThan(0);
  });

  it.each([
    ['DOUBLE', '1 / 0', null],
    ['BIGINT', '2n ** 40n', 2 ** 40],
    ['DECIMAL(5,2)', '({ unscaled: 15n, scale: 1 })', { unscaled: 150n, scale: 2 }],
    ['STRUCT(a BIGINT, b VARCHAR[])', "({ b: ['x', null], a: 1, c: 2 })", { a: 1, b: ['x', null] }],
    ['MAP(VARCHAR, BIGINT)', "new Map([['k', 1n]])", new Map([['k', 1]])],
    ['INTERVAL', '({ months: 1, days: 0, ms: 2 })', { months: 1, days: 0, ms: 2 }],
  ])('gives a %s of %s', (type, result, value) => {
    const functions = declared(`{ args: ['BIGINT'], returns: '${type}', call: () => ${result} }`);
    expect(given('f(cents)', functions)).toEqual(value);
  });

  it('is in expectations, where an event that it fails on is not as expected', () => {
    const functions = declared(
      "{ args: ['BIGINT'], returns: 'BOOLEAN', call: (n) => { if (n === 3) throw new Error('no'); return n > 1; } }",
    );
    const check = createCheck([{ kind: 'that', condition: 'f(cents)', functions, onFail: 'deadLetter' }], ORDER);
    const refused: string[] = [];
    check(columnsOfEvents([1, 2, 3].map((cents) => ({ id: 1, cents, country: null }))), (row, detail) =>
      refused.push(`${row} ${detail}`),
    );
    expect(refused).toEqual(['0 that f(cents): cents is 1', '2 that f(cents): cents is 3']);
  });
});

describe("the documentation's example", () => {
  it('is what stands in the tree, and has its types', () => {
    const text = readFileSync(new URL('./risk.ts', import.meta.url), 'utf8');
    expect(readFileSync(new URL('../../docs/sql.md', import.meta.url), 'utf8')).toContain(`\`\`\`ts\n${text}\`\`\``);
    expect(readFunction(risk).call(100_000, 'FR')).toBe('high');
    expect(readFunction(orNone)).toMatchObject({ seesNulls: true, returns: { kind: 'varchar' } });
  });
});

describe('a pipeline with functions', () => {
  it('derives by them, gives dead letters where they fail, and goes on after a crash', async () => {
    const failing = RISK.replace('(n, c) =>', "(n, c) => { if (c === 'XX') throw new Error('no XX'); return ").replace(
      / }$/,
      '; } }',
    );
    const module = moduleOf({ default: failing, twice: TWICE });
    const config = join(dir, 'whole.yaml');
    writeFileSync(config, file(module).replace(/joins:\n.*\n/, ''));
    const pipeline = await testPipeline({ config });
    try {
      const order = (id: number, cents: number, country: string | null) => ({ id, cents, country, at: id });
      await pipeline.pipe('orders', order(1, 20, 'FR'), order(2, 20, 'XX'), order(3, 20, 'DE'), order(4, 60, 'FR'));
      await pipeline.restart();
      expect(pipeline.read('banded')).toMatchObject([{ id: 1, more: 40 }]);
      const letters = pipeline.deadLetters('orders');
      expect(letters.map(({ reason }) => reason).sort()).toEqual(['expectation-failed', 'expression-failed']);
      expect(JSON.stringify(letters)).toContain('banded: where, at character 1: risk_band: no XX');
      await pipeline.endOfInput();
      expect(pipeline.read('bands')).toMatchObject([
        { key: 'high', n: 40, m: 80 },
        { key: 'low', n: 40, m: 80 },
      ]);
    } finally {
      await pipeline.close();
    }
  });
});
