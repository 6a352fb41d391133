/** Similar cases, asked of SQLite over alerts that are plain to see. */
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { similarCases } from '../../src/fraud/similar-cases.ts';

/** Case, customer, terminal, codes of its reasons. */
const ALERTS: readonly [string, number, number, readonly string[]][] = [
  ['own', 1, 10, ['amount', 'velocity']],
  ['own', 1, 11, ['amount']],
  ['reasons', 2, 99, ['amount', 'velocity']],
  ['terminal', 3, 10, ['deviation']],
  ['both-terminals', 4, 10, ['deviation']],
  ['both-terminals', 4, 11, ['deviation']],
  ['one-reason', 5, 98, ['velocity', 'deviation']],
  ['nothing', 6, 97, ['deviation']],
  ['same-customer', 1, 10, ['amount']],
];

test('terminals in common come first, then reasons; nothing in common, and the same customer, are left out', () => {
  const db = new Database(':memory:');
  db.exec('CREATE TABLE alerts (case_id, customer_id, terminal_id, reasons, occurred_at)');
  db.exec('CREATE TABLE cases (case_id, customer_id, state, hits, amount_cents, last_hit_at)');
  for (const [i, [id, customer, terminal, codes]] of ALERTS.entries()) {
    const reasons = JSON.stringify(codes.map((code) => ({ code, text: code })));
    db.prepare('INSERT INTO alerts VALUES (?, ?, ?, ?, ?)').run(id, customer, terminal, reasons, i);
  }
  db.prepare("INSERT INTO alerts VALUES (NULL, 7, 10, '[]', 0)").run();
  db.exec(
    "INSERT INTO cases SELECT DISTINCT case_id, customer_id, 'open', 1, 100, 5 FROM alerts WHERE case_id IS NOT NULL",
  );
  const rows: unknown[] = db.prepare(similarCases("'own'", 1)).all();
  const short = rows.map((row) => Object.values(Object(row)));
  expect(short.map(([id, , , , , , terminals, reasons]) => [id, terminals, reasons])).toEqual([
    ['both-terminals', 2, 0],
    ['terminal', 1, 0],
    ['reasons', 0, 2],
    ['one-reason', 0, 1],
  ]);
  db.close();
});
