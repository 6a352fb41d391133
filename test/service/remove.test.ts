/** A row that is deleted over HTTP is gone from the table of now and from what joins see, and not from what was. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createView } from '../../src/api/view.ts';
import { loadConfig } from '../../src/config/load.ts';
import { startService } from '../../src/service.ts';
import { temporaryDirectory } from './script-run.ts';

const time = { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } };
const PIPELINE = `
streams:
  payments: { schema: ./payment.avsc, key: terminal, eventTime: at }
  terminals: { schema: ./terminal.avsc, key: id, eventTime: at, partitions: 2 }
joins:
  located: { left: payments, table: terminals, type: left }
`;

test('DELETE of a key', async () => {
  const directory = temporaryDirectory();
  const schema = (name: string, key: object, ...more: object[]) =>
    writeFileSync(
      join(directory, `${name.toLowerCase()}.avsc`),
      JSON.stringify({ type: 'record', name, fields: [key, ...more, time] }),
    );
  schema('Payment', { name: 'terminal', type: 'long' });
  schema('Terminal', { name: 'id', type: 'long' }, { name: 'place', type: 'string' });
  const file = join(directory, 'pipeline.yaml');
  writeFileSync(file, PIPELINE);
  const config = { ...loadConfig(file, {}), dataDir: join(directory, 'data') };
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const service = await startService({ config, logger, version: '', attach: () => [] });
  const view = createView(service);
  const send = (stream: string, ...events: object[]) =>
    view.ingest(stream, {
      format: 'json-lines',
      encoding: 'identity',
      bytes: Buffer.from(events.map((event) => JSON.stringify(event)).join('\n')),
    });
  await send('terminals', { id: 7, place: 'A', at: 1000 }, { id: 8, place: 'B', at: 1000 });
  expect(await view.remove('terminals', '7', 5000)).toMatchObject({ kind: 'committed' });
  expect(await view.remove('terminals', '9', 5000)).toMatchObject({ kind: 'committed' });
  expect(await view.remove('terminals', 'seven', 5000)).toMatchObject({ kind: 'not-a-key' });
  expect(await view.remove('nothing', '7', 5000)).toMatchObject({ kind: 'unknown-stream' });
  await send('payments', { terminal: 7, at: 4999 }, { terminal: 7, at: 5000 }, { terminal: 8, at: 5000 });
  // What each table is up to is only known once both have gone on.
  await send(
    'terminals',
    { id: 8, place: 'C', at: 9000 },
    { id: 1, place: 'D', at: 9000 },
    { id: 2, place: 'D', at: 9000 },
  );
  await send('payments', { terminal: 8, at: 9000 });
  await service.settled();
  while (service.readModels.lag() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await view.streamRow('terminals', '7')).toBeNull();
  expect(await view.streamRow('terminals', '8')).toMatchObject({ place: 'C' });
  const { stores } = service.readModels;
  const query = (sql: string) => stores.of('duckdb').read({ kind: 'query', sql });
  expect(await query('SELECT place FROM terminals WHERE id = 7')).toEqual([{ place: 'A' }]);
  const joined = await query(
    `SELECT key, epoch_ms(joined_at) AS at, right_event->>'place' AS place FROM joins WHERE epoch_ms(joined_at) <= 5000 ORDER BY ALL`,
  );
  expect(joined.map(({ key, at, place }) => [key, Number(at), place])).toEqual([
    ['7', 4999, 'A'],
    ['7', 5000, null],
    ['8', 5000, 'B'],
  ]);
  await view.close();
  await service.stop();
});
