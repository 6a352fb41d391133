import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkDeterminism, testOperator } from 'millrace/testing';
import unpaid from './unpaid-orders.js';

const MINUTE = 60_000;
const settings = { input: { orders: 'orderId' }, options: { minutes: 15 } };
const order = (orderId: string, status: string, minute: number) => ({
  orderId,
  status,
  amountCents: 500,
  at: minute * MINUTE,
});

test('an order that is not paid in time is overdue, once', () => {
  const operator = testOperator(unpaid, settings);
  operator.send('orders', order('a', 'placed', 0), order('b', 'placed', 1));
  operator.send('orders', order('a', 'paid', 10));
  operator.watermark(15 * MINUTE);
  assert.deepEqual(operator.output('overdue'), []);
  operator.restart();
  operator.watermark(16 * MINUTE);
  assert.deepEqual(operator.output('overdue'), [{ key: 'b', amountCents: 500, ts: 16 * MINUTE }]);
  assert.equal(operator.keyCount(), 0);
});

test('results do not depend on batches, restarts or partitions', () => {
  const script = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((minute) => [
    { stream: 'orders', event: order(`o${minute % 3}`, minute > 4 ? 'paid' : 'placed', minute) },
    { watermark: minute * MINUTE },
  ]);
  checkDeterminism(unpaid, { ...settings, script });
});
