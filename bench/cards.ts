/**
 * What sessions, rules and scores cost an event over few cards and over many. Part of `npm run bench -- operators`.
 */
import { createFraudOperator } from '../src/fraud/operator.ts';
import { transactionType } from '../src/fraud/types.ts';
import { createRandom } from '../src/models/random.ts';
import { drive } from '../src/partition/drive.ts';

const BLOCK = 2048;
export const CARD_EVENTS = 1_500_000;
const DAY_MS = 86_400_000;
const OUT_OF_ORDER_MS = 5000;
const RULES = { amountCents: 22_000, velocityCount: 5, deviations: 4, minHistory: 10 };

/** CPU time an event. There are two a customer and day, at random; the first third is a warm-up. */
export function nsOfCards(customers: number): number {
  const random = createRandom();
  random.seed(1, customers, 0);
  const stepMs = DAY_MS / (2 * customers);
  let timeMs = Date.UTC(2018, 3, 1);
  let latestMs = Number.NEGATIVE_INFINITY;
  const spec = { sessionGapMs: 1_800_000, rules: RULES, caseQuietMs: 604_800_000 };
  const late = { push() {} };
  const operator = createFraudOperator('fraud', spec, { stream: 's', schema: transactionType.schema }, late);
  const read = transactionType.columnReader();
  let micros = 0;
  let measured = 0;
  for (let from = 0; from < CARD_EVENTS; from += BLOCK) {
    const rows = Array.from({ length: BLOCK }, (_, i) => {
      timeMs += 2 * stepMs * random.uniform();
      const occurredAt = Math.floor(timeMs - OUT_OF_ORDER_MS * random.uniform());
      const amountCents = Math.floor(random.uniform() * 10_000);
      return { transactionId: from + i, customerId: random.below(customers), terminalId: 1, amountCents, occurredAt };
    });
    const columns = read(transactionType.encodeBlock(rows));
    const timesMs = columns.numbers('occurredAt');
    const watermarkMs = latestMs - OUT_OF_ORDER_MS - 1;
    const watermarksMs = timesMs.map((time) => {
      latestMs = Math.max(latestMs, time);
      return latestMs - OUT_OF_ORDER_MS - 1;
    });
    const before = process.cpuUsage();
    drive(operator, [{ kind: 'events', stream: 's', columns, timesMs, watermarkMs, watermarksMs, at: null }]);
    for (const { events } of operator.outputs) events.take();
    const { user, system } = process.cpuUsage(before);
    if (from < CARD_EVENTS / 3) continue;
    micros += user + system;
    measured += BLOCK;
  }
  return (micros * 1000) / measured;
}
