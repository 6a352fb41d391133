import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  type FetchDeclaration,
  type FetchPorts,
  fetchDeclared,
  type GetOutcome,
} from '../../src/fetching/declared-fetch.ts';
import { createHostRates } from '../../src/fetching/host-rates.ts';
import { parseTemplate, type Template } from '../../src/jobs/template.ts';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { createJsonDecoder } from '../../src/messages/json.ts';
import { weatherObservationType } from '../../src/weather/observation.ts';
import { WEATHER_VARIABLES } from '../../src/weather/variables.ts';

const itemSchema: AvroRecord = {
  type: 'record',
  name: 'Item',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'value', type: ['null', 'double'], default: null },
  ],
};
const NOW = Date.parse('2027-01-01T00:00Z');

function template(text: string): Template {
  const parsed = parseTemplate(text);
  if ('problem' in parsed) throw new Error(parsed.problem);
  return parsed;
}

const plain: FetchDeclaration = {
  url: template('https://host/items?day={interval.start|date}'),
  headers: [],
  places: [],
  batch: 1,
  form: { rows: ['items'], requires: [], error: { when: ['error'], reason: ['reason'] } },
  map: [
    { field: 'id', from: { kind: 'row', path: ['id'], time: null } },
    { field: 'at', from: { kind: 'row', path: ['at'], time: { kind: 'seconds' } } },
    { field: 'value', from: { kind: 'row', path: ['measured', 'value'], time: null } },
  ],
  paging: null,
  maxPages: 10,
  rate: null,
  weight: 1,
  waits: [],
  retryAfterMaxMs: 3_600_000,
  untilNow: null,
  allow: [],
};
const start = { instantMs: Date.parse('2026-05-01T00:00Z') };
const values = (name: string) => (name === 'interval.start' ? start : undefined);
const ok = (body: unknown, link: string | null = null): GetOutcome => ({
  kind: 'ok',
  body: typeof body === 'string' ? body : JSON.stringify(body),
  link,
});
const one = { id: 'a', at: 1_777_593_600, measured: { value: 1.5 } };

function scripted(answers: readonly GetOutcome[], schema: AvroRecord = itemSchema, key = 'id') {
  const asked: string[] = [];
  const slept: number[] = [];
  let now = NOW;
  const ports: FetchPorts = {
    async get(url) {
      asked.push(url.href);
      const answer = answers[asked.length - 1];
      if (answer === undefined) throw new Error(`Not scripted: ${url.href}`);
      return answer;
    },
    nowMs: () => now,
    async sleep(ms) {
      slept.push(ms);
      now += ms;
    },
    rates: createHostRates(),
    decoder: createJsonDecoder(schema, key),
  };
  const run = (declaration: FetchDeclaration) =>
    fetchDeclared(declaration, values, ports, new AbortController().signal);
  return { run, asked, slept, ports };
}

describe('a declared fetch', () => {
  test('asks for its interval and makes events of a list of records, nested values too', async () => {
    const { run, asked } = scripted([ok({ items: [one, { id: 'b', at: 1_777_593_601 }] })]);
    expect(await run(plain)).toEqual({
      kind: 'fetched',
      requests: 1,
      events: [
        { id: 'a', at: 1_777_593_600_000, value: 1.5 },
        { id: 'b', at: 1_777_593_601_000, value: null },
      ],
    });
    expect(asked).toEqual(['https://host/items?day=2026-05-01']);
  });

  test.each([
    ['a link', { kind: 'link' } as const, [ok({ items: [one] }, '</items?page=2>; rel="next"'), ok({ items: [one] })]],
    [
      'an address in the answer',
      { kind: 'next', path: ['meta', 'next'] } as const,
      [ok({ items: [one], meta: { next: 'https://host/items?page=2' } }), ok({ items: [one], meta: { next: null } })],
    ],
    [
      'a cursor',
      { kind: 'cursor', path: ['next'], parameter: 'page' } as const,
      [ok({ items: [one], next: 2 }), ok({ items: [one] })],
    ],
  ])('follows pages by %s to the last', async (_, paging, answers) => {
    const { run, asked } = scripted(answers);
    expect(await run({ ...plain, paging })).toMatchObject({ kind: 'fetched', requests: 2 });
    expect(new URL(asked[1] ?? '').searchParams.get('page')).toBe('2');
  });

  test('counts pages up to one without rows', async () => {
    const { run, asked } = scripted([ok({ items: [one] }), ok({ items: [one] }), ok({ items: [] })]);
    const paging = { kind: 'page', parameter: 'p', first: 1 } as const;
    expect(await run({ ...plain, paging })).toMatchObject({ kind: 'fetched', requests: 3 });
    expect(asked.map((url) => new URL(url).searchParams.get('p'))).toEqual(['1', '2', '3']);
  });

  test('refuses a page at another host than its own, unless that is named', async () => {
    const away = ok({ items: [one] }, '<http://169.254.169.254/latest>; rel=next');
    const paging = { kind: 'link' } as const;
    expect(await scripted([away]).run({ ...plain, paging })).toEqual({
      kind: 'permanent',
      reason: 'https://host/items: the next page is at http://169.254.169.254, which `allow` does not name',
    });
    const allow = ['http://169.254.169.254'];
    expect(await scripted([away, ok({ items: [] })]).run({ ...plain, paging, allow })).toMatchObject({
      kind: 'fetched',
    });
  });

  test('ends at its bound of pages', async () => {
    const { run } = scripted(Array.from({ length: 4 }, () => ok({ items: [one], next: 'again' })));
    const paging = { kind: 'cursor', path: ['next'], parameter: 'c' } as const;
    expect(await run({ ...plain, paging, maxPages: 3 })).toEqual({
      kind: 'permanent',
      reason: 'https://host/items: more than 3 pages',
    });
  });

  test('names the row and the field that no schema fits', async () => {
    const { run } = scripted([ok({ items: [one, { id: 7, at: 1 }] })]);
    expect(await run(plain)).toEqual({
      kind: 'permanent',
      reason: 'https://host/items: row 2: id must be a string: found 7',
    });
  });

  test.each([
    ['text in a 200', ok('{"items":[{"id"Unexpected error'), 'retryable', 'is not JSON'],
    ['an error in a 200', ok({ error: true, reason: 'no such day' }), 'permanent', 'is an error: no such day'],
    ['another shape', ok({ things: [] }), 'permanent', 'it has no items'],
    ['a list of texts', ok({ items: ['a'] }), 'permanent', 'items[0] is no record'],
  ])('takes %s for what it is', async (_, answer, kind, reason) => {
    const outcome = await scripted([answer]).run(plain);
    expect(outcome).toMatchObject({ kind, reason: expect.stringContaining(reason) });
  });

  test('waits as a refusal asks: by its header within the cap, else by the limit that it names, on the UTC clock', async () => {
    const refused = (retryAfterMs: number | null): GetOutcome => ({
      kind: 'retryable',
      reason: 'HTTP 429',
      status: 429,
      retryAfterMs,
      body: '{"error":true,"reason":"Hourly API request limit exceeded."}',
    });
    const waits = [{ word: 'hourly', periodMs: 3_600_000 }];
    const refusedWith = async (answer: GetOutcome) => await scripted([answer]).run({ ...plain, waits });
    expect(await refusedWith(refused(null))).toMatchObject({ kind: 'retryable', waitMs: 3_600_000 });
    expect(await refusedWith(refused(5_000))).toMatchObject({ waitMs: 5_000 });
    expect(await refusedWith(refused(1e12))).toMatchObject({ waitMs: 3_600_000 });
    expect(await refusedWith(refused(null))).toMatchObject({ reason: expect.stringContaining('HTTP 429: Hourly API') });
  });

  test('waits for the rate of its host', async () => {
    const places = ['a', 'b', 'c'].map((name) => ({ name }));
    const answers = places.map(() => ok({ items: [] }));
    const { run, slept } = scripted(answers);
    const rate = { limit: 2, perMs: 2_000 };
    expect(await run({ ...plain, places, rate })).toMatchObject({ kind: 'fetched', requests: 3 });
    expect(slept).toEqual([1_000]);
  });

  test('asks for several places at once and knows them by their index', async () => {
    const places = [
      { name: 'x', lat: 1.5 },
      { name: 'y', lat: -2 },
      { name: 'z', lat: 3 },
    ];
    const { run, asked } = scripted([ok([{ items: [one] }, { items: [one] }]), ok({ items: [one] })]);
    const outcome = await run({
      ...plain,
      url: template('https://host/items?lat={place.lat|join}'),
      places,
      batch: 2,
      map: [
        { field: 'id', from: { kind: 'template', template: template('{place.name}') } },
        { field: 'at', from: { kind: 'template', template: template('{fetchedAt}') } },
      ],
    });
    expect(asked).toEqual(['https://host/items?lat=1.5,-2', 'https://host/items?lat=3']);
    expect(outcome).toMatchObject({ events: [{ id: 'x', at: NOW }, { id: 'y' }, { id: 'z' }] });
    expect(await scripted([ok([])]).run({ ...plain, places, batch: 3 })).toMatchObject({
      kind: 'permanent',
      reason: 'https://host/items: Asked for 3 places, got 0',
    });
  });
});

describe("Open-Meteo's recorded answers, by declaration", () => {
  const fixture = (name: string) => readFileSync(new URL(`../fixtures/weather/${name}`, import.meta.url), 'utf8');
  const variables = WEATHER_VARIABLES.filter(({ name }) => !['wind_speed_10m', 'pressure_msl'].includes(name));
  const declared: FetchDeclaration = {
    ...plain,
    places: [{ name: 'Adelaide' }],
    form: {
      rows: ['hourly'],
      requires: variables.map(({ name, unit }) => ({ path: ['hourly_units', name], name, value: unit })),
      error: { when: ['error'], reason: ['reason'] },
    },
    map: [
      { field: 'provider', from: { kind: 'value', value: 'open-meteo' } },
      { field: 'place', from: { kind: 'template', template: template('{place.name}') } },
      { field: 'fetchedAt', from: { kind: 'template', template: template('{fetchedAt}') } },
      {
        field: 'observedAt',
        from: { kind: 'row', path: ['time'], time: { kind: 'local', offset: ['utc_offset_seconds'] } },
      },
      ...variables.map(({ name, field }) => ({
        field,
        from: { kind: 'row' as const, path: [name], time: null },
      })),
      { field: 'windSpeedKmh', from: { kind: 'value', value: null } },
      { field: 'pressureHpa', from: { kind: 'value', value: null } },
    ],
    untilNow: 'observedAt',
  };

  // The bodies' first hours: 2026-07-16T00:00 at +09:30 with 6.5 °C, 97 %, 0.0 mm; 2025-01-10T00:00 at +09:30 with 20.3 °C.
  test.each([
    [
      'adelaide-forecast-2026-07-16.json',
      72,
      '2026-07-15T14:30Z',
      { temperatureCelsius: 6.5, humidityPercent: 97, precipitationMm: 0 },
    ],
    ['adelaide-archive-2025-01-10.json', 72, '2025-01-09T14:30Z', { temperatureCelsius: 20.3 }],
  ])(
    'are an observation an hour, local times read with the offset of the response: %s',
    async (name, hours, first, values) => {
      const { run } = scripted([ok(fixture(name))], weatherObservationType.schema, 'place');
      const outcome = await run(declared);
      if (outcome.kind !== 'fetched') throw new Error(outcome.reason);
      expect(outcome.events).toHaveLength(hours);
      expect(outcome.events[0]).toMatchObject({
        provider: 'open-meteo',
        place: 'Adelaide',
        observedAt: Date.parse(first),
        fetchedAt: NOW,
        windSpeedKmh: null,
        ...values,
      });
    },
  );

  test('are refused when a unit changes', async () => {
    const changed = fixture('adelaide-archive-2025-01-10.json').replace('u00b0C', 'u00b0F');
    const { run } = scripted([ok(changed)], weatherObservationType.schema, 'place');
    expect(await run(declared)).toMatchObject({
      kind: 'permanent',
      reason: expect.stringContaining('temperature_2m is "°F", expected "°C"'),
    });
  });
});
