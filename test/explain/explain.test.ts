/** Explanations against the script that the journal is of: which events each result must be of is plain to see there. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Explanation, explain } from '../../src/explain/explain.ts';
import { type Lineage, openLineage } from '../../src/explain/lineage.ts';
import { parseTarget } from '../../src/explain/target.ts';
import { runScriptLines } from '../service/script-run.ts';

const SECOND = 1000;
const WINDOWS = `per_user: { stream: clicks, key: userId, where: amount > 2, window: { tumbling: 10s }, aggregate: { n: count() } }
  per_amount: { stream: clicks, key: amount, window: { hopping: { size: 10s, every: 5s } }, aggregate: { n: count() } }
  all: { stream: clicks, key: null, window: { tumbling: 1s }, aggregate: { n: count() } }
  visits: { stream: clicks, key: userId, window: { session: 2s }, aggregate: { n: count() } }`;

interface Click {
  readonly userId: string;
  readonly occurredAt: number;
  readonly amount: number;
}

/** Out of order by up to two seconds, over twelve minutes: more than is read without halving. */
const clicks: readonly Click[] = Array.from({ length: 6_000 }, (_, i) => ({
  userId: `u${(i * 7919) % 23}`,
  occurredAt: 100_000 + i * 120 - ((i * 31) % 17) * 100,
  amount: (i * 13) % 7,
}));

const data = mkdtempSync(join(tmpdir(), 'millrace-explain-'));
let lineage: Lineage;
let output: readonly Record<string, unknown>[];
beforeAll(async () => {
  const run = { watermark: '{ outOfOrderness: 2s }', partitions: 3, windows: WINDOWS, lines: clicks, data };
  ({ output } = await runScriptLines(run));
  lineage = await openLineage(join(data, 'data'));
});

afterAll(() => rmSync(data, { recursive: true, force: true }));

const noStore = (): never => {
  throw new Error('no store is asked');
};

async function explained(text: string): Promise<Explanation> {
  const target = parseTarget(text);
  if ('problem' in target) throw new Error(target.problem);
  const found = await explain(lineage, target, noStore);
  if ('notFound' in found) throw new Error(found.notFound);
  return found;
}

function inputsOf({ events }: Explanation): Click[] {
  return events.filter(({ relation }) => relation === 'input').map(({ event }) => JSON.parse(event));
}

const inOrder = (events: readonly Click[]): string[] => events.map((event) => JSON.stringify(event)).sort();

/** Some of the results of a window, spread over all. */
function some(window: string): readonly Record<string, unknown>[] {
  const results = output.filter(({ stream }) => stream === window);
  return results.filter((_, i) => i % Math.ceil(results.length / 12) === 0);
}

const KEYED: Readonly<Record<string, (click: Click) => unknown>> = {
  per_user: ({ userId, amount }) => (amount > 2 ? userId : undefined),
  per_amount: ({ amount }) => String(amount),
  all: () => null,
  visits: ({ userId }) => userId,
};

describe('the result of a window', () => {
  it.each(Object.keys(KEYED))('of %s is of the events that it counts, and of no others', async (window) => {
    const keyOf = KEYED[window]!;
    expect(some(window).length).toBeGreaterThan(5);
    for (const { key, start, end, n } of some(window)) {
      const found = await explained(`window:${window}/${key ?? ''}/${start}`);
      const expected = clicks.filter((click) => {
        return keyOf(click) === key && click.occurredAt >= Number(start) && click.occurredAt < Number(end);
      });
      expect(found.events[0]).toMatchObject({ relation: 'itself', time: start });
      expect(inOrder(inputsOf(found))).toEqual(inOrder(expected));
      expect([found.inputs, found.notes]).toEqual([n, []]);
    }
  });
});

describe('an event', () => {
  it('leads to every result that counts it, whose explanations lead back to it', async () => {
    for (const offset of [0, 777, 1500]) {
      const place = `clicks/1/${offset}`;
      const { events } = await explained(place);
      const [itself] = events;
      if (itself === undefined || itself.type !== 'Click') continue;
      const effects = events.filter(({ relation }) => relation === 'effect');
      const click: Click = JSON.parse(itself.event);
      const windows = new Set(effects.map(({ type }) => type));
      expect(windows).toEqual(new Set(Object.keys(KEYED).filter((name) => KEYED[name]?.(click) !== undefined)));
      for (const { stream, partition, offset: at } of effects) {
        const back = await explained(`${stream}/${partition}/${at}`);
        expect(inOrder(inputsOf(back))).toContain(JSON.stringify(click));
      }
    }
  });

  it('that is not there is named with what is', async () => {
    await expect(explained('clicks/1/999999')).rejects.toThrow(/clicks-1 has the offsets 0 to \d+, and not 999999/);
    await expect(explained('click/1/0')).rejects.toThrow(/there is no log click-1; known: .*clicks-1/);
    await expect(explained('window:nothing/a/0')).rejects.toThrow('there is no window nothing in the journal; known: ');
    await expect(explained('window:all//1')).rejects.toThrow('all has no result of the key (null) that starts at 1970');
  });
});

describe('what is to be explained', () => {
  it('is an alert, a window with key and start, or a place; anything else is refused with the forms', () => {
    expect(parseTarget('alert:a/b:c')).toEqual({ kind: 'alert', id: 'a/b:c' });
    expect(parseTarget('window:w/a/b/1970-01-01T00:00:01Z')).toEqual({
      kind: 'window',
      window: 'w',
      key: 'a/b',
      startMs: SECOND,
    });
    expect(parseTarget('window:w//-5')).toMatchObject({ key: null, startMs: -5 });
    expect(parseTarget('s.t/3/12')).toEqual({ kind: 'place', stream: 's.t', partition: 3, offset: 12 });
    for (const text of ['', 'alert:', 'window:', 'window:w/a/noon', 's/x/1', 's/1', '/1/2']) {
      expect(parseTarget(text), text).toHaveProperty('problem');
    }
  });
});
