/**
 * A join of what a join gives, by fields of nested records, and windows of that: payments with the place of their terminal,
 * and with the weather there at that time. What must come of it is looked up naively, event by event.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deleteStores, openReadModels } from '../../src/channel/offline.ts';
import { loadConfig } from '../../src/config/load.ts';
import { runInputs } from '../../src/run/run.ts';
import { temporaryDirectory } from './script-run.ts';

const time = { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } };
const record = (name: string, ...fields: object[]) =>
  JSON.stringify({ type: 'record', name, fields: [...fields, time] });
const SCHEMAS = {
  payment: record(
    'Payment',
    { name: 'card', type: 'string' },
    { name: 'terminal', type: 'long' },
    { name: 'cents', type: 'long' },
  ),
  terminal: record('Terminal', { name: 'id', type: 'long' }, { name: 'place', type: ['null', 'string'] }),
  weather: record('Weather', { name: 'place', type: 'string' }, { name: 'rain', type: 'boolean' }),
};

const pipeline = (partitions: number) => `
streams:
  payments: { schema: ./payment.avsc, key: card, eventTime: at, partitions: ${partitions}, watermark: { outOfOrderness: 1s } }
  terminals: { schema: ./terminal.avsc, key: id, eventTime: at, watermark: { outOfOrderness: 1s } }
  skies: { schema: ./weather.avsc, key: place, eventTime: at, partitions: ${partitions}, watermark: { outOfOrderness: 1s } }
joins:
  located: { left: payments, table: terminals, on: { left: terminal, right: id }, type: left, grace: 1s }
  in_weather: { left: located, table: skies, on: { left: right.place, right: place }, type: inner, history: 1h }
windows:
  by_weather:
    stream: in_weather
    key: left.right.place
    window: { tumbling: 10s }
    where: right.rain and left.left.cents > 1
    aggregate: { n: count(), total: sum(left.left.cents) }
`;

const PLACES = ['A', 'B', null];

interface Payment {
  readonly card: string;
  readonly terminal: number;
  readonly cents: number;
  readonly at: number;
}
interface Terminal {
  readonly id: number;
  readonly place: string | null;
  readonly at: number;
}
interface Weather {
  readonly place: string;
  readonly rain: boolean;
  readonly at: number;
}
interface Input {
  readonly payments: readonly Payment[];
  readonly terminals: readonly Terminal[];
  readonly weather: readonly Weather[];
}

/** No two of one time: which comes first would then be the order of arrival. */
const input: fc.Arbitrary<Input> = fc
  .array(
    fc.record({
      kind: fc.constantFrom('payment', 'payment', 'terminal', 'weather'),
      gapMs: fc.nat(2000),
      of: fc.nat(2),
      place: fc.constantFrom(...PLACES),
      cents: fc.nat(9),
      rain: fc.boolean(),
    }),
    { minLength: 30, maxLength: 60 },
  )
  .map((drawn) => {
    let at = 0;
    const timed = drawn.map(({ gapMs, ...event }) => {
      at += gapMs + 1;
      return { ...event, at };
    });
    const of = (kind: string) => timed.filter((event) => event.kind === kind);
    return {
      payments: of('payment').map(({ of: n, cents, at: when }) => ({ card: `c${n}`, terminal: n, cents, at: when })),
      terminals: of('terminal').map(({ of: id, place, at: when }) => ({ id, place, at: when })),
      weather: of('weather').map(({ place, rain, at: when }) => ({ place: place ?? 'C', rain, at: when })),
    };
  });

async function run(
  directory: string,
  { payments, terminals, weather }: Input,
  partitions: number,
  cuts: readonly number[],
) {
  for (const [name, schema] of Object.entries(SCHEMAS)) writeFileSync(join(directory, `${name}.avsc`), schema);
  writeFileSync(join(directory, 'pipeline.yaml'), pipeline(partitions));
  const lines: object[] = [
    ...payments.map((event) => ({ $stream: 'payments', ...event })),
    ...terminals.map((event) => ({ $stream: 'terminals', ...event })),
    ...weather.map((event) => ({ $stream: 'skies', ...event })),
  ].sort((a, b) => a.at - b.at);
  for (const cut of cuts) lines.splice(cut % lines.length, 0, { $snapshot: true }, { $restart: true });
  const file = join(directory, 'script.jsonl');
  writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'));
  const output: Record<string, unknown>[] = [];
  await runInputs({
    config: { ...loadConfig(join(directory, 'pipeline.yaml'), {}), dataDir: join(directory, 'data') },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    inputs: [{ stream: 'payments', file }],
    temporary: false,
    flush: true,
    only: [],
    async output(texts) {
      for await (const text of texts) output.push(JSON.parse(text));
    },
    onProgress() {},
  });
  return output;
}

/** The newest of those up to a time. */
function asOf<T extends { readonly at: number }>(rows: readonly T[], at: number): T | null {
  return rows.filter((row) => row.at <= at).at(-1) ?? null;
}

function expected({ payments, terminals, weather }: Input) {
  const located = payments.map((payment) => {
    const { terminal, at } = payment;
    const right = asOf(
      terminals.filter(({ id }) => id === terminal),
      at,
    );
    return { stream: 'located', key: String(terminal), left: payment, right, ts: at };
  });
  const inWeather = located.flatMap(({ stream: _, ...left }) => {
    const place = left.right?.place ?? null;
    const right =
      place === null
        ? null
        : asOf(
            weather.filter((row) => row.place === place),
            left.ts,
          );
    return right === null ? [] : [{ stream: 'in_weather', key: place, left, right, ts: left.ts }];
  });
  const windows = new Map<string, { key: string | null; start: number; n: number; total: number }>();
  for (const { key, left, right, ts } of inWeather) {
    if (!right.rain || left.left.cents <= 1) continue;
    const start = ts - (ts % 10_000);
    const group = windows.get(`${key} ${start}`) ?? { key, start, n: 0, total: 0 };
    windows.set(`${key} ${start}`, { ...group, n: group.n + 1, total: group.total + left.left.cents });
  }
  return { located, inWeather, windows: [...windows.values()] };
}

const sorted = (lines: readonly object[]): string[] => lines.map((line) => JSON.stringify(line)).sort();

test('joins of joins, and their windows, are what a look into each table at the time gives, on any number of partitions and across crashes', async () => {
  await fc.assert(
    fc.asyncProperty(
      input,
      fc.constantFrom(1, 3),
      fc.array(fc.nat(), { maxLength: 2 }),
      async (events, partitions, cuts) => {
        fc.pre(events.payments.length > 0);
        const output = await run(temporaryDirectory(), events, partitions, cuts);
        const wanted = expected(events);
        const of = (name: string) => output.filter(({ stream }) => stream === name);
        expect(sorted(of('located'))).toEqual(sorted(wanted.located));
        expect(sorted(of('in_weather'))).toEqual(sorted(wanted.inWeather));
        const windows = of('by_weather').map(({ key, start, n, total }) => ({ key, start, n, total }));
        expect(sorted(windows)).toEqual(sorted(wanted.windows));
      },
    ),
    { numRuns: 8 },
  );
});

test('a replay derives joins of joins and their windows anew as the journal has them, and rebuilds their tables', async () => {
  const directory = temporaryDirectory();
  const events: Input = {
    terminals: [{ id: 1, place: 'A', at: 1000 }],
    weather: [{ place: 'A', rain: true, at: 2000 }],
    payments: [3000, 4000, 30_000].map((at) => ({ card: 'c', terminal: 1, cents: 5, at })),
  };
  const output = await run(directory, events, 2, []);
  expect(output.filter(({ stream }) => stream === 'by_weather')).toMatchObject([{ n: 2 }, { n: 1 }]);
  const dataDir = join(directory, 'data');
  const offline = await openReadModels(dataDir, () => deleteStores(dataDir, ['sqlite', 'duckdb']));
  await offline.catchUp();
  const logs = await offline.rederive();
  expect(logs.map(({ log }) => log)).toEqual(
    expect.arrayContaining(['located-0', 'in_weather-0', 'in_weather.by.left.right.place-0']),
  );
  expect(logs.every(({ differences }) => differences === 0)).toBe(true);
  const rows = await offline.query('duckdb', 'SELECT join_name, count(*) AS n FROM joins GROUP BY ALL ORDER BY ALL');
  expect(rows).toEqual([
    { join_name: 'in_weather', n: 3 },
    { join_name: 'located', n: 3 },
  ]);
  await offline.close();
});
