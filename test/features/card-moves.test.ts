import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { createRandom } from '../../src/models/random.ts';
import { testPipeline } from '../../src/testing.ts';
import { temporaryDirectory } from '../service/script-run.ts';

const RADIUS_KM = 6371;

interface Visit {
  readonly visitId: number;
  readonly customerId: number;
  readonly latitude: number;
  readonly longitude: number;
  readonly occurredAt: number;
}

/** By vectors, not by the haversine formula: the angle between two points of the sphere. */
function distanceKm(a: Visit, b: Visit): number {
  const pointOf = ({ latitude, longitude }: Visit): [number, number, number] => {
    const [lat, lon] = [(latitude * Math.PI) / 180, (longitude * Math.PI) / 180];
    return [Math.cos(lat) * Math.cos(lon), Math.cos(lat) * Math.sin(lon), Math.sin(lat)];
  };
  const [p, q] = [pointOf(a), pointOf(b)];
  const cross = [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
  return RADIUS_KM * Math.atan2(Math.hypot(...cross), p[0] * q[0] + p[1] * q[1] + p[2] * q[2]);
}

test('sessions of cards say how far and how fast a card moved, and travel that nobody can do is a hit', async () => {
  const random = createRandom();
  random.seed(11, 2, 3);
  const visits = Array.from({ length: 120 }, (_, visitId): Visit => {
    const place = { latitude: random.below(120) - 60 + random.uniform(), longitude: random.below(360) - 180 };
    return { visitId, customerId: random.below(4), ...place, occurredAt: visitId * 400_000 };
  });
  const config = join(temporaryDirectory(), 'p.yaml');
  const text = readFileSync('config/card-moves.yaml', 'utf8').replace('./visit.avsc', resolve('config/visit.avsc'));
  writeFileSync(config, `${text}stores: { sqlite: false, duckdb: false }\n`);
  const pipeline = await testPipeline({ config });
  try {
    await pipeline.pipe('visits', ...visits);
    await pipeline.endOfInput();
    const expected = new Map<string, { n: number; km: number; fastest: number; last: Visit }>();
    const sessions: { key: string; n: number; km: number; fastest: number }[] = [];
    let travels = 0;
    for (const visit of visits) {
      const key = String(visit.customerId);
      const own = expected.get(key);
      const km = own === undefined ? 0 : distanceKm(own.last, visit);
      const hours = own === undefined ? 1 : (visit.occurredAt - own.last.occurredAt) / 3_600_000;
      if (km > 50 && km / hours > 1000) travels += 1;
      const goesOn = own !== undefined && hours <= 0.5;
      if (own !== undefined && !goesOn) sessions.push({ key, ...own });
      const before = goesOn ? own : { n: 0, km: 0, fastest: 0 };
      const fastest = Math.max(before.fastest, km / hours);
      expected.set(key, { n: before.n + 1, km: before.km + km, fastest, last: visit });
    }
    for (const [key, own] of expected) sessions.push({ key, ...own });
    const given = pipeline.readAll('card_moves');
    const ofKey = (key: string) => given.filter((row) => row.key === key);
    for (const key of ['0', '1', '2', '3']) {
      const own = sessions.filter((session) => session.key === key);
      expect(ofKey(key).map(({ n }) => n)).toEqual(own.map(({ n }) => n));
      for (const [i, { km, fastest }] of ofKey(key).entries()) {
        expect(Number(km ?? 0)).toBeCloseTo(own[i]!.km, 4);
        expect(Number(fastest ?? 0)).toBeCloseTo(own[i]!.fastest, 4);
      }
    }
    expect(travels).toBeGreaterThan(10);
    expect(pipeline.readAll('impossible_travel')).toHaveLength(travels);
  } finally {
    await pipeline.close();
  }
});
