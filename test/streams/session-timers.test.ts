/**
 * Sessions against a model of lists and loops: gaps, times and watermarks are so few that sessions merge, that the rows of
 * merged ones are used again, and that their timers are due at the same time, in nearly every run.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AvroRecord } from '../../src/messages/avro.ts';
import type { WindowResult } from '../../src/messages/window-result.ts';
import { type DriverOptions, drivePartition, END, type Step, together } from '../partition/driver.ts';

const schema = {
  type: 'record',
  name: 'Keyed',
  namespace: 'test',
  fields: [
    { name: 'key', type: 'string' },
    { name: 'ts', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'id', type: 'long' },
  ],
} as const satisfies AvroRecord;

const GAP_MS = 2;
const optionsOf = (allowedLatenessMs: number, earlyMs: number | null = null): DriverOptions => ({
  schema,
  timeField: 'ts',
  watermark: { kind: 'scripted' },
  windows: [
    {
      name: 'w',
      keyField: 'key',
      window: { kind: 'session', gapMs: GAP_MS },
      allowedLatenessMs,
      earlyMs,
      where: null,
      aggregates: [{ name: 'ids', fn: 'collect', field: 'id' }],
    },
  ],
});

interface Session {
  readonly key: string;
  first: number;
  last: number;
  ids: number[];
  revision: number;
}

/** What sessions give, by their definition: the list is in the order in which they were opened. */
function model(allowedLatenessMs: number, input: readonly Step[]): string[] {
  const given: string[] = [];
  let watermark = Number.NEGATIVE_INFINITY;
  let open: Session[] = [];
  const dueOf = ({ last }: Session): number => last + GAP_MS - 1;
  const give = (session: Session): void => void given.push(textOf({ ...session, end: session.last + GAP_MS }));
  for (const step of input) {
    if ('watermark' in step) {
      const after = Math.max(watermark, Number(step.watermark));
      const due = open.filter((session) => dueOf(session) > watermark && dueOf(session) <= after);
      for (const session of due.sort((a, b) => dueOf(a) - dueOf(b))) {
        give(session);
        session.revision += 1;
      }
      open = open.filter((session) => dueOf(session) + Math.max(allowedLatenessMs, 1) > after);
      watermark = after;
      continue;
    }
    if ('told' in step) continue;
    const event: Readonly<Record<string, unknown>> = step;
    const [key, ts, id] = [String(event.key), Number(event.ts), Number(event.id)];
    const [oldest, ...others] = open.filter(
      (one) => one.key === key && ts <= one.last + GAP_MS && one.first <= ts + GAP_MS,
    );
    const last = Math.max(ts, ...[oldest ?? [], others].flat().map((one) => one.last));
    if (last + GAP_MS - 1 + allowedLatenessMs <= watermark) continue;
    const session = oldest ?? { key, first: ts, last: ts, ids: [], revision: 0 };
    if (oldest === undefined) open.push(session);
    open = open.filter((one) => !others.includes(one));
    session.first = Math.min(ts, session.first, ...others.map(({ first }) => first));
    session.last = Math.max(ts, session.last, ...others.map(({ last }) => last));
    session.ids = [...session.ids, ...others.flatMap(({ ids }) => ids), id];
    session.revision = Math.max(session.revision, ...others.map(({ revision }) => revision));
    if (dueOf(session) > watermark) continue;
    give(session);
    session.revision += 1;
  }
  return given;
}

const textOf = (one: Omit<Session, 'last'> & { readonly end: number }): string =>
  `${one.key} [${one.first},${one.end}) ${[...one.ids].sort((a, b) => a - b)} r${one.revision}`;
const given = (results: readonly WindowResult[]): string[] =>
  results.map(({ key, start, end, revision, aggregates }) =>
    textOf({ key: String(key), first: start, end, revision, ids: [aggregates.ids ?? []].flat().map(Number) }),
  );

const steps = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.record({ key: fc.constantFrom('x', 'y', 'z'), ts: fc.nat(14) }) },
      { weight: 1, arbitrary: fc.record({ watermark: fc.nat(16) }) },
    ),
    { maxLength: 40, size: 'max' },
  )
  .map((list) => list.map((one, id): Step => ('watermark' in one ? one : { ...one, id })));

test('a row that was freed by a merge, and is used again, closes once', () => {
  const event = (key: string, ts: number, id: number): Step => ({ key, ts, id });
  const driver = drivePartition(optionsOf(0));
  const { windows } = driver.pipe(event('x', 0, 0), event('x', 4, 1), event('x', 2, 2), event('y', 4, 3), END);
  expect(given(windows)).toEqual(['x [0,6) 0,1,2 r0', 'y [4,6) 3 r0']);
  expect(driver.groups()).toBe(0);
});

describe.each([0, 1, 3, 20])('with a lateness of %i', (allowedLatenessMs) => {
  const options = optionsOf(allowedLatenessMs);
  const end: Step = { watermark: 100 };

  test('sessions give what the model gives, in its order, and nothing is left of them', () => {
    fc.assert(
      fc.property(steps, (input) => {
        const driver = drivePartition(options);
        const { windows } = driver.pipe(...input, end);
        expect(given(windows)).toEqual(model(allowedLatenessMs, [...input, end]));
        expect(driver.groups()).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  test('restored from a snapshot before any step, they go on as the model does', () => {
    fc.assert(
      fc.property(steps, fc.nat(40), (input, drawn) => {
        const at = Math.min(drawn, input.length);
        const before = drivePartition(options);
        const first = before.pipe(...input.slice(0, at));
        const after = drivePartition(options, before.snapshot());
        const { windows } = together([first, after.pipe(...input.slice(at), end)]);
        expect(given(windows)).toEqual(model(allowedLatenessMs, [...input, end]));
        expect(after.groups()).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  test('with early results too, a restored partition commits the bytes of one that never stopped', () => {
    fc.assert(
      fc.property(steps, fc.nat(40), (input, drawn) => {
        const at = Math.min(drawn, input.length);
        const unbroken = drivePartition(optionsOf(allowedLatenessMs, 3));
        for (const step of input.slice(0, at)) unbroken.pipe(step);
        const restored = drivePartition(optionsOf(allowedLatenessMs, 3), unbroken.snapshot());
        for (const step of [...input.slice(at), end]) {
          unbroken.pipe(step);
          restored.pipe(step);
        }
        expect(restored.commits).toEqual(unbroken.commits.slice(at));
      }),
      { numRuns: 40 },
    );
  });
});
