/** A service whose champion was made elsewhere, started without the package that scores it, and with it again. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { importOnnx } from '../../src/fraud/lab/import-onnx.ts';
import { modelFile } from '../../src/fraud/model.ts';
import { drawnModel } from '../fraud/drawn-model.ts';
import { millrace, startService, temporaryDirectory } from '../integration/millrace.ts';
import { ONNX_FEATURES, onnxFile, ROWS, VALUES } from './fixture.ts';

const PIPELINE = `name: models
http: { port: 0 }
streams:
  payments.transactions: { builtin: Transaction, key: customerId, eventTime: occurredAt }
features:
  tx: { stream: payments.transactions, select: { during_night: hour(occurredAt) <= 6 } }
  customer:
    stream: payments.transactions
    key: customerId
    windows: { 7day: 7d, 30day: 30d }
    aggregate: { nb_tx: count(), avg_amount: avg(amountCents / 100) }
  terminal:
    stream: payments.transactions
    key: terminalId
    windows: { 7day: 7d }
    delay: 7d
    labels: fraud.labels
    aggregate: { risk: share(fraud) }
fraud: { stream: payments.transactions }
rules:
  never: { stream: payments.transactions, where: amountCents < 0, score: 0.9, reason: never }
`;
const AT = Date.UTC(2018, 3, 1, 12);
const WITHOUT = { NODE_PATH: '' };

const rows = {
  ...{ features: ONNX_FEATURES, rows: ROWS, values: VALUES, scenarios: new Uint8Array(ROWS) },
  ...{ transactions: new Float64Array(ROWS), customers: new Float64Array(ROWS), days: new Int32Array(ROWS) },
  ...{ amountsCents: new Float64Array(ROWS), labels: new Uint8Array(ROWS) },
};
const options = { stream: 's.features', fromMs: 0, toMs: 1, alertsPerDay: 10 };
const foreign = modelFile(
  importOnnx(onnxFile('boosted'), rows, { ...options, features: ONNX_FEATURES, name: 'b.onnx' }),
);
const own = modelFile(drawnModel('logistic-regression').facts);

it('scores by the model before and says so by name, until the package is there again; each replay is as it must be', async () => {
  const directory = temporaryDirectory();
  const [config, data] = [join(directory, 'p.yaml'), join(directory, 'data')];
  writeFileSync(config, PIPELINE);
  mkdirSync(join(data, 'models'), { recursive: true });
  for (const { id, text } of [own, foreign]) writeFileSync(join(data, 'models', `${id}.model`), text);
  let next = 0;
  const during = async (env: NodeJS.ProcessEnv, work: (url: string) => Promise<void>) => {
    const service = await startService(['--config', config, '--data', data], env);
    await expect.poll(async () => (await fetch(`${service.url}/readyz`)).status, { timeout: 60_000 }).toBe(200);
    await work(service.url);
    service.child.kill('SIGTERM');
    expect((await service.ended).code).toBe(0);
  };
  const post = async (url: string, body: unknown) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: answer.status, said: JSON.parse(await answer.text()) };
  };
  const read = async (url: string) => JSON.parse(await (await fetch(url)).text());
  const pay = async (url: string) => {
    next += 10;
    const events = [0, 1, 2, 3].map((n) => ({
      ...{ transactionId: next + n, customerId: 1 + n, terminalId: 3, amountCents: 1000 * n },
      occurredAt: AT + next * 60_000 + n * 10_000,
    }));
    expect((await post(`${url}/api/v1/streams/payments.transactions/events`, events)).status).toBe(200);
  };
  /** Gauges of tables are counted about once a second. */
  const metrics = async (url: string) => (await fetch(`${url}/metrics`)).text();
  const outages = (url: string) => read(`${url}/api/v1/model-outages`);
  const promote = (url: string, model: string) =>
    post(`${url}/api/v1/models/actions`, { action: 'promote', model, by: 'anna' });

  const modelOfNewest = async () => {
    const sql = 'SELECT model FROM scores ORDER BY transaction_id DESC LIMIT 1';
    const { stdout } = await millrace(['query', '--store', 'duckdb', sql, '--data', data, '--json']);
    return JSON.parse(stdout)[0]?.model;
  };
  /** Pays until the newest score is the model's. */
  const scoredBy = (url: string, model: string) => {
    return expect
      .poll(
        async () => {
          await pay(url);
          return modelOfNewest();
        },
        { timeout: 60_000, interval: 500 },
      )
      .toBe(model);
  };

  await during({}, async (url) => {
    for (const { id } of [own, foreign]) expect((await promote(url, id)).status).toBe(200);
    await scoredBy(url, foreign.id);
    expect(await outages(url)).toEqual([]);
  });
  await during(WITHOUT, async (url) => {
    await scoredBy(url, own.id);
    await expect
      .poll(() => outages(url), { timeout: 30_000 })
      .toMatchObject([
        {
          ...{ model: foreign.id, role: 'champion', state: 'began', instead: own.id },
          detail: expect.stringContaining('npm install onnxruntime-node'),
        },
      ]);
    expect(await read(`${url}/api/v1/models`)).toContainEqual(
      expect.objectContaining({ model: foreign.id, role: 'champion', problem: expect.stringContaining('npm install') }),
    );
    await expect.poll(() => metrics(url), { timeout: 30_000 }).toMatch(/^millrace_model_outages 1$/m);
    expect(await promote(url, foreign.id)).toMatchObject({ status: 409 });
  });
  const doctor = await millrace(['doctor', '--config', config, '--data', data], WITHOUT);
  expect([doctor.code, doctor.stdout]).toEqual([
    3,
    expect.stringMatching(`FAIL  models +${foreign.id}: .*npm install`),
  ]);
  const blind = await millrace(['replay', '--config', config, '--data', data], WITHOUT);
  expect([blind.code, blind.stderr]).toEqual([69, expect.stringContaining("can't be derived anew")]);
  expect(blind.stderr).toContain('npm install onnxruntime-node@1.30.0');

  await during({}, async (url) => {
    await scoredBy(url, foreign.id);
    await expect.poll(() => outages(url), { timeout: 30_000 }).toMatchObject([{ model: foreign.id, state: 'ended' }]);
    await expect.poll(() => metrics(url), { timeout: 30_000 }).toMatch(/^millrace_model_outages 0$/m);
  });
  const whole = await millrace(['replay', '--config', config, '--data', data]);
  expect([whole.code, whole.stdout]).toEqual([0, expect.stringContaining('each is what the journal has')]);
}, 600_000);
