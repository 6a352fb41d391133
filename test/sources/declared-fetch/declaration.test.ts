import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { declarationOf } from '../../../src/sources/declared-fetch/declaration.ts';
import { declaredFetchSchema } from '../../../src/sources/declared-fetch/settings.ts';

/** The places of a CSV file, or what is wrong with it, without its path. */
function placesOf(csv: string): unknown {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-places-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const places = join(directory, 'places.csv');
  writeFileSync(places, csv);
  const raw = declaredFetchSchema.parse({ url: 'http://host/{place.name}', map: { name: '{place.name}' }, places });
  const schema = { type: 'record' as const, name: 'Place', fields: [{ name: 'name', type: 'string' as const }] };
  const faults: string[] = [];
  const plan = declarationOf(raw, { schema, key: 'name', eventTime: 'name' }, [], (_, message) =>
    faults.push(message.replace(places, 'FILE')),
  );
  return plan === null ? faults : plan.declaration.places;
}

test('places are read as RFC 4180 has them: quoted cells, numbers where a whole column is one, empty cells as none', () => {
  expect(placesOf('name,zip,at\r\n"a, ""b""\nc",01234,1.5\r\nd,99,\r\n')).toEqual([
    { name: 'a, "b"\nc', zip: '01234', at: 1.5 },
    { name: 'd', zip: '99', at: null },
  ]);
});

test('a line of places with other cells than the header is named', () => {
  expect(placesOf('name,at\na,1\nb\n')).toEqual([expect.stringMatching(/^FILE, line 3: /)]);
  expect(placesOf('name,at\n')).toContain('FILE has no places: a header, and a line for each, are expected');
});
