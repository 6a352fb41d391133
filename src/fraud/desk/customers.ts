/** Customers as analysts look at them: a list in an order, and one with all that is known of it. */
import type { Row, StoreQuery } from '../../projections/store.ts';
import { CUSTOMERS } from '../customers.ts';

export type Asking<T> = Generator<StoreQuery, T, readonly Row[]>;

export const ORDERS = {
  hits: 'hits DESC, highest_score DESC',
  score: 'highest_score DESC NULLS LAST',
  amount: 'total_cents DESC',
  transactions: 'transactions DESC',
  newest: 'last_at DESC',
} as const;
export type CustomerOrder = keyof typeof ORDERS;

export function isOrder(word: string): word is CustomerOrder {
  return Object.hasOwn(ORDERS, word);
}

/** Newest transactions and sessions, and busiest terminals, of a profile. */
const [TRANSACTIONS, SESSIONS, TERMINALS] = [50, 20, 10] as const;
const ROW = '* REPLACE (epoch_ms(first_at) AS first_at, epoch_ms(last_at) AS last_at)';

export function* customerList(order: CustomerOrder, limit: number): Asking<readonly Row[]> {
  return yield {
    store: 'duckdb',
    sql: `SELECT ${ROW} FROM ${CUSTOMERS} ORDER BY ${ORDERS[order]}, customer_id LIMIT ${limit}`,
  };
}

export interface CustomerProfile {
  readonly customer: Row;
  /** Transactions by the hour of the day in UTC. */
  readonly hours: readonly number[];
  readonly terminals: readonly Row[];
  readonly transactions: readonly Row[];
  readonly sessions: readonly Row[];
  readonly cases: readonly Row[];
}

/** Null where the store has no transaction of the customer. */
export function* customerProfile(customerId: number): Asking<CustomerProfile | null> {
  const of = `customer_id = ${customerId}`;
  const ask = (sql: string) => ({ store: 'duckdb', sql });
  const [customer] = yield ask(`SELECT ${ROW} FROM ${CUSTOMERS} WHERE ${of}`);
  if (customer === undefined) return null;
  const byHour = yield ask(
    `SELECT hour(occurred_at) AS hour, count(*) AS n FROM transactions WHERE ${of} GROUP BY hour`,
  );
  const terminals = yield ask(
    `SELECT terminal_id, count(*) AS transactions, sum(amount_cents)::BIGINT AS total_cents, epoch_ms(max(occurred_at)) AS last_at
      FROM transactions WHERE ${of} GROUP BY terminal_id ORDER BY transactions DESC, terminal_id LIMIT ${TERMINALS}`,
  );
  const transactions = yield ask(
    `SELECT t.transaction_id, t.terminal_id, t.amount_cents, epoch_ms(t.occurred_at) AS occurred_at, s.score, s.model,
        s.rule_hits, l.fraud
      FROM (SELECT * FROM transactions WHERE ${of} ORDER BY occurred_at DESC, transaction_id DESC LIMIT ${TRANSACTIONS}) t
      LEFT JOIN (SELECT * FROM scores WHERE ${of}) s ON s.transaction_id = t.transaction_id AND s.occurred_at = t.occurred_at
      LEFT JOIN (SELECT transaction_id, arg_max(fraud, known_at) AS fraud FROM labels WHERE ${of} GROUP BY 1) l
        ON l.transaction_id = t.transaction_id
      ORDER BY t.occurred_at DESC, t.transaction_id DESC`,
  );
  const sessions = yield ask(
    `SELECT epoch_ms(start_at) AS start_at, epoch_ms(end_at) AS end_at, count, total_cents, max_score
      FROM sessions WHERE ${of} ORDER BY sessions.start_at DESC LIMIT ${SESSIONS}`,
  );
  const cases = yield {
    store: 'sqlite',
    sql: `SELECT case_id, state, holder, hits, amount_cents, opened_at, last_hit_at FROM cases WHERE ${of} ORDER BY opened_at DESC`,
  };
  const hours = new Array<number>(24).fill(0);
  for (const { hour, n } of byHour) hours[Number(hour)] = Number(n);
  return { customer, hours, terminals, transactions, sessions, cases };
}
