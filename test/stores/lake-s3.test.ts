/** A lake on S3, on good days and bad ones: each event is there once, and of two writers one stands. */
import { describe, expect, it } from 'vitest';
import { openPlace } from '../../src/places/open-place.ts';
import type { Place } from '../../src/places/place.ts';
import { LAKE_MANIFEST } from '../../src/stores/lake/manifest.ts';
import { scratchDirectory } from '../journal/scratch.ts';
import { bring, clicksOf, lakeAt, ROWS_SQL } from '../lake/fixture.ts';
import { FAULTS, faultyS3 } from './faulty-s3.ts';
import { S3_ENV } from './one-s3.ts';

const LOGS = { 'clicks-0': 60, 'clicks-1': 25 };
const EXPECTED = Object.entries(LOGS).flatMap(([log, end]) => clicksOf(log, 0, end));
let addresses = 0;
const newAddress = (): string => `s3://millrace/lake-${process.pid}-${addresses++}`;
const placeAt = (address: string, endpoint: string = S3_ENV.AWS_ENDPOINT_URL): Place =>
  openPlace(address, { ...S3_ENV, AWS_ENDPOINT_URL: endpoint }, LAKE_MANIFEST);

it('is filled, compacted and read back, and gone on with by the next process', async () => {
  const directory = scratchDirectory();
  const address = newAddress();
  for (let i = 0; i < 10; i++) {
    const store = await lakeAt({ directory, place: placeAt(address), keepReplacedMs: 0 });
    await bring(store, LOGS, 6);
    if (i === 9) expect(await store.query(ROWS_SQL)).toEqual(EXPECTED);
    await store.close();
  }
  // Ten commits and their compaction, in four folders.
  expect((await placeAt(address).list()).length).toBeLessThan(30);
});

it('is not written to by two processes at once', async () => {
  const address = newAddress();
  const one = await lakeAt({ directory: scratchDirectory(), place: placeAt(address) });
  const two = await lakeAt({ directory: scratchDirectory(), place: placeAt(address) });
  await bring(one, LOGS, 10);
  await expect(bring(two, LOGS, 10)).rejects.toThrow(/written to by another process/);
  expect(await one.query('SELECT count(*) AS n FROM clicks')).toEqual([{ n: 20 }]);
  await one.close();
  await two.close();
});

describe('on a bad day', () => {
  // What is changed on the way back is for the reader to find: DuckDB's own checks, and the next attempt.
  const faults = FAULTS.filter((fault) => fault !== 'a changed byte on the way back');
  it.each(faults)('each event is there once, whatever meets %s', async (fault) => {
    let seen = 0;
    const proxy = await faultyS3(S3_ENV.AWS_ENDPOINT_URL, () => (seen++ % 5 === 2 ? fault : null));
    const directory = scratchDirectory();
    const address = newAddress();
    const store = await lakeAt({ directory, place: placeAt(address, proxy.url) });
    while ((await bring(store, LOGS, 12)) > 0);
    await store.close();
    expect(proxy.faults()).toBeGreaterThan(3);
    const reader = await lakeAt({ directory: scratchDirectory(), place: placeAt(address) });
    expect(await reader.query(ROWS_SQL)).toEqual(EXPECTED);
    await reader.close();
  });
});
