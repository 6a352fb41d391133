/** What `npm run bench` runs as a whole: pipelines as users write them, from a source to all that their input causes. */

/** How a scenario is measured: see measure.ts. */
export type Measured = 'live' | 'replay' | 'paced' | 'recovery';

export interface Scenario {
  readonly name: string;
  readonly measured: Measured;
  /** A file of the repository, or the text of one. */
  readonly pipeline: { readonly file: string } | { readonly text: string };
  readonly hasStores: boolean;
  readonly customers: number;
  /** Of a paced one. */
  readonly eventsPerSecond?: number;
  /** In which row of peers.ts others did the same work. */
  readonly peers?: 'windows' | 'windows and sessions';
}

const CUSTOMERS = 5_000;
const MANY_CUSTOMERS = 1_000_000;
const STREAM = `
streams:
  payments.transactions:
    { builtin: Transaction, key: customerId, eventTime: occurredAt, partitions: 4, watermark: { outOfOrderness: 5s } }
windows:
  minutes:
    stream: payments.transactions
    key: customerId
    window: { tumbling: 1m }
    aggregate: { n: count(), total: sum(amountCents), largest: max(amountCents) }
  days:
    stream: payments.transactions
    key: customerId
    window: { tumbling: 1d }
    aggregate: { n: count(), total: sum(amountCents), largest: max(amountCents) }
`;
const SESSIONS = `
  sessions:
    stream: payments.transactions
    key: customerId
    window: { session: 30m }
    aggregate: { n: count(), total: sum(amountCents), largest: max(amountCents) }
`;
/** Two windows, one of them over the whole stream, sessions and scores by rules. It stays as it is, so that commits can be compared. */
const CARDS = `
streams:
  payments.transactions:
    builtin: Transaction
    key: customerId
    eventTime: occurredAt
    partitions: 4
    watermark: { outOfOrderness: 5s, idleTimeout: 60s }
windows:
  payments_per_minute:
    stream: payments.transactions
    key: null
    window: { tumbling: 1m }
    aggregate: { n: count(), total: sum(amountCents), largest: max(amountCents) }
  spend_per_customer_day:
    stream: payments.transactions
    key: customerId
    window: { tumbling: 1d }
    aggregate: { n: count(), total: sum(amountCents), largest: max(amountCents) }
fraud: { stream: payments.transactions, session: 30m, caseQuiet: 7d }
`;
const FRAUD = { pipeline: { text: CARDS }, customers: CUSTOMERS } as const;
/** With features and rules, as the repository shows it. */
const HANDBOOK = { pipeline: { file: 'config/handbook.yaml' }, customers: CUSTOMERS } as const;
const WINDOWS = { pipeline: { text: STREAM }, customers: CUSTOMERS, peers: 'windows' } as const;
const WITH_SESSIONS = {
  pipeline: { text: STREAM + SESSIONS },
  customers: CUSTOMERS,
  peers: 'windows and sessions',
} as const;

export const SCENARIOS: readonly Scenario[] = [
  { name: 'fraud, live', measured: 'live', hasStores: true, ...FRAUD },
  { name: 'fraud, replay', measured: 'replay', hasStores: true, ...FRAUD },
  { name: 'fraud, live, no stores', measured: 'live', hasStores: false, ...FRAUD },
  { name: 'handbook, live', measured: 'live', hasStores: true, ...HANDBOOK },
  {
    ...{ name: 'fraud, live, no stores, 1 M cards', measured: 'live', hasStores: false },
    ...{ ...FRAUD, customers: MANY_CUSTOMERS },
  },
  { name: 'windows, live, no stores', measured: 'live', hasStores: false, ...WINDOWS },
  { name: 'windows and sessions, live, no stores', measured: 'live', hasStores: false, ...WITH_SESSIONS },
  { name: 'windows and sessions, live', measured: 'live', hasStores: true, ...WITH_SESSIONS },
  { name: 'windows and sessions, replay', measured: 'replay', hasStores: true, ...WITH_SESSIONS },
  { name: 'fraud, alert, 20,000/s', measured: 'paced', hasStores: true, eventsPerSecond: 20_000, ...FRAUD },
  { name: 'fraud, alert, 50,000/s', measured: 'paced', hasStores: true, eventsPerSecond: 50_000, ...FRAUD },
  { name: 'fraud, recovery', measured: 'recovery', hasStores: false, ...FRAUD },
];
