/** Expectations, against a naive reading of each rule: in = committed + dead letters, and what is committed holds. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { type DynamicEvent, dynamicEventType, recordOf } from '../../src/messages/codec.ts';
import { columnsOfEvents } from '../../src/messages/columns.ts';
import { createCheck } from '../../src/quality/check.ts';
import { type Expectation, expectationName, type Rule } from '../../src/quality/expectation.ts';
import { drivePartition } from '../partition/driver.ts';

const FIELDS: readonly object[] = [
  { name: 'id', type: 'string' },
  { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
  { name: 'amount', type: ['null', 'double'] },
  { name: 'count', type: 'int' },
  { name: 'name', type: ['null', 'string'] },
  { name: 'isPaid', type: ['null', 'boolean'] },
];
const TAGS = { name: 'tags', type: ['null', { type: 'array', items: 'string' }] };
const schemaOf = (fields: readonly object[]): AvroRecord =>
  recordOf(JSON.stringify({ type: 'record', name: 'Order', fields })).schema;
/** With an array in it, blocks are read in another way. */
const SCHEMAS = [schemaOf(FIELDS), schemaOf([...FIELDS, TAGS])];

const name = fc.constantFrom('', 'ab', 'b', 'aéz', '🙂🙂', 'abcde');
const orderOf = (at: number): fc.Arbitrary<DynamicEvent> =>
  fc.record({
    id: fc.constantFrom('x', 'y'),
    at: fc.constant(at),
    amount: fc.option(fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constant(Number.NaN)), { freq: 3 }),
    count: fc.integer({ min: -5, max: 5 }),
    name: fc.option(name, { freq: 3 }),
    isPaid: fc.option(fc.boolean(), { freq: 3 }),
    tags: fc.option(fc.array(fc.constant('t'), { maxLength: 2 }), { freq: 3 }),
  });

const bound = fc.option(fc.integer({ min: -5, max: 5 }), { freq: 4 });
const range = fc
  .tuple(bound, bound)
  .map(([min, max]) => (min !== null && max !== null && min > max ? { min: max, max: min } : { min, max }));
const rule: fc.Arbitrary<Rule> = fc.oneof(
  fc
    .tuple(fc.constantFrom('amount', 'count'), range)
    .map(([column, own]): Rule => ({ kind: 'between', column, ...own })),
  range.map((own): Rule => ({ kind: 'lengthBetween', column: 'name', ...own })),
  fc.constantFrom('amount', 'count', 'name', 'isPaid').map((column): Rule => ({ kind: 'notNull', column })),
  fc.array(name, { minLength: 1, maxLength: 3 }).map((values): Rule => ({ kind: 'in', column: 'name', values })),
  fc
    .array(fc.integer({ min: -2, max: 2 }), { minLength: 1, maxLength: 3 })
    .map((values): Rule => ({ kind: 'in', column: 'amount', values })),
  fc.constant<Rule>({ kind: 'in', column: 'isPaid', values: [true] }),
  fc.constantFrom('^a', 'b', '^.{2}$', 'é|🙂$').map((pattern): Rule => ({ kind: 'matches', column: 'name', pattern })),
  fc.constantFrom('amount <= count', 'isPaid or count > 0', "name != 'b'").map(
    (condition): Rule => ({
      kind: 'that',
      condition,
    }),
  ),
);
const expectation: fc.Arbitrary<Expectation> = fc
  .tuple(rule, fc.constantFrom('deadLetter' as const, 'warn' as const))
  .map(([own, onFail]) => ({ ...own, onFail }));

/** Each rule read word by word; null and NaN pass all but notNull. */
function holds(own: Rule, event: DynamicEvent): boolean {
  if (own.kind === 'that') return CONDITIONS[own.condition]?.(event) !== false;
  const value = event[own.column];
  const isNull = value === null || Number.isNaN(value);
  if (own.kind === 'notNull') return !isNull;
  if (isNull) return true;
  switch (own.kind) {
    case 'between':
      return Number(value) >= (own.min ?? -Infinity) && Number(value) <= (own.max ?? Infinity);
    case 'lengthBetween': {
      const { length } = [...String(value)];
      return length >= (own.min ?? -Infinity) && length <= (own.max ?? Infinity);
    }
    case 'in':
      return own.values.some((one) => one === value);
    case 'matches':
      return new RegExp(own.pattern, 'u').test(String(value));
  }
}

const isNone = (value: unknown): boolean => value === null || Number.isNaN(value);
/** By SQL's three values; null where it is neither. */
const CONDITIONS: Readonly<Record<string, (event: DynamicEvent) => boolean | null>> = {
  'amount <= count': ({ amount, count }) => (isNone(amount) ? null : Number(amount) <= Number(count)),
  'isPaid or count > 0': ({ isPaid, count }) => {
    if (Number(count) > 0) return true;
    return isPaid === null ? null : isPaid === true;
  },
  "name != 'b'": ({ name: own }) => (own === null ? null : own !== 'b'),
};

const LATER_THAN_ALL = 1_000_000;
const drive = (schema: AvroRecord, expectations: readonly Expectation[]) =>
  drivePartition({ schema, timeField: 'at', watermark: { kind: 'bounded', outOfOrdernessMs: 0 }, expectations });

const events = fc
  .array(fc.nat(1000), { minLength: 1, maxLength: 30 })
  .chain((times) => fc.tuple(...times.map((at) => orderOf(at))));

test('an event is committed or a dead letter, by whether it is as expected', () => {
  fc.assert(
    fc.property(
      events,
      fc.array(expectation, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(...SCHEMAS),
      (all, list, schema) => {
        const hasTags = schema.fields.length > FIELDS.length;
        const input = all.map(({ tags, ...event }) => (hasTags ? { ...event, tags } : event));
        const type = dynamicEventType(schema);
        const driver = drive(schema, list);
        const { deadLetters } = driver.pipe(...input);
        const [{ sections = [] } = {}] = driver.commits;
        const committed = sections
          .filter(({ fingerprint }) => fingerprint === type.fingerprint)
          .flatMap(({ bytes }) => type.decodeBlock(bytes));
        const refusing = list.filter(({ onFail }) => onFail === 'deadLetter');
        const isTaken = (event: DynamicEvent): boolean => refusing.every((own) => holds(own, event));
        expect(committed).toEqual(input.filter(isTaken));
        const refused = input.filter((event) => !isTaken(event));
        expect(deadLetters.map(({ raw }) => JSON.parse(raw.toString()))).toEqual(
          refused.map((event) => JSON.parse(JSON.stringify(event))),
        );
        for (const [i, { reason, detail }] of deadLetters.entries()) {
          expect(reason).toBe('expectation-failed');
          for (const own of refusing)
            expect(detail.includes(`${expectationName(own)}: `)).toBe(!holds(own, refused[i]!));
        }
        // A replay asks no expectation: it has what was taken then.
        const replayed = drive(schema, [
          { kind: 'between', column: 'at', min: LATER_THAN_ALL, max: null, onFail: 'deadLetter' },
        ]);
        for (const commit of driver.commits) replayed.replay(commit);
        expect(Buffer.from(replayed.snapshot()).equals(driver.snapshot())).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

test('failures are counted by expectation, whether or not the event is taken', () => {
  fc.assert(
    fc.property(events, fc.array(expectation, { minLength: 1, maxLength: 4 }), (all, list) => {
      const refused = new Set<number>();
      const failures = createCheck(list, schemaOf([...FIELDS, TAGS]))(columnsOfEvents(all), (row) => refused.add(row));
      const expected = list.flatMap((own) => {
        const failed = all.filter((event) => !holds(own, event)).length;
        return failed === 0 ? [] : [{ expectation: expectationName(own), events: failed }];
      });
      expect(failures).toEqual(expected);
      const isRefused = (event: DynamicEvent): boolean =>
        list.some((own) => own.onFail === 'deadLetter' && !holds(own, event));
      expect([...refused].sort((a, b) => a - b)).toEqual([...all.keys()].filter((row) => isRefused(all[row] ?? {})));
    }),
  );
});

describe('a block without a failing event', () => {
  test('is passed on as it is', () => {
    const driver = drive(schemaOf(FIELDS), [
      { kind: 'between', column: 'count', min: 0, max: null, onFail: 'deadLetter' },
    ]);
    const event = { id: 'x', at: 1, amount: null, count: 0, name: null, isPaid: null };
    driver.pipe(event, event);
    const plain = drive(schemaOf(FIELDS), []);
    plain.pipe(event, event);
    expect(driver.bytes().equals(plain.bytes())).toBe(true);
  });
});

test('what has no column may be expected not to be null', () => {
  const rows = [{ tags: [] }, { tags: null }, { tags: ['t'] }];
  const refused: string[] = [];
  const check = createCheck([{ kind: 'notNull', column: 'tags', onFail: 'deadLetter' }], schemaOf([TAGS]));
  check(columnsOfEvents(rows), (row, detail) => refused.push(`${row} ${detail}`));
  expect(refused).toEqual(['1 tags notNull: it is null']);
});

test.each<[Rule, string]>([
  [{ kind: 'between', column: 'amount', min: null, max: 5 }, 'amount between [null, 5]: it is 7'],
  [{ kind: 'in', column: 'name', values: ['a', 'b'] }, 'name in ["a","b"]: it is "🙂🙂"'],
  [{ kind: 'matches', column: 'name', pattern: '^a' }, 'name matches ^a: it is "🙂🙂"'],
  [{ kind: 'lengthBetween', column: 'name', min: 3, max: null }, 'name lengthBetween [3, null]: it is "🙂🙂"'],
  [{ kind: 'that', condition: 'amount < count' }, 'that amount < count: amount is 7, count is 3'],
  [{ kind: 'that', condition: '1 = 2' }, 'that 1 = 2: it is never so'],
])('the detail of a dead letter names the expectation and the value: %j', (own, expected) => {
  const details: string[] = [];
  const check = createCheck([{ ...own, onFail: 'deadLetter' }], schemaOf(FIELDS));
  check(columnsOfEvents([{ amount: 7, count: 3, name: '🙂🙂' }]), (_, detail) => details.push(detail));
  expect(details).toEqual([expected]);
});
