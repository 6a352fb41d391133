/**
 * What an operator of a user costs an event, beside the same loop by hand over the same columns: a count a key, 10,000
 * keys, in this thread. And what a machine a key costs.
 */
import { assign, setup } from 'xstate';
import { transactionType } from '../src/fraud/types.ts';
import type { Columns } from '../src/messages/columns.ts';
import { defineMachineOperator, defineOperator } from '../src/millrace.ts';
import { readDefinition } from '../src/operators/definition.ts';
import { createUserOperator } from '../src/operators/user-operator.ts';
import { CARD_EVENTS, nsOfCards } from './cards.ts';

export interface OperatorFigures {
  readonly what: string;
  readonly events: number;
  /** Medians over the rounds, by CPU time. */
  readonly nsPerEvent: number;
  readonly nsOverTheLoop: number | null;
}

const KEYS = 10_000;
const BLOCK = 4096;
const BLOCKS = 256;
const ROUNDS = 7;
const STREAM = 'payments.transactions';

const count = defineOperator({
  key: 'long',
  state: { count: 'int' },
  outputs: { many: { count: 'int' } },
  on: {
    'payments.transactions'(_, state, ctx) {
      state.count += 1;
      if (state.count % 1000 === 0) ctx.emit('many', { count: state.count });
    },
  },
});

const machine = defineMachineOperator({
  machine: setup({ types: { context: {} as { count: number }, events: {} as { type: 'PAID' } } }).createMachine({
    context: { count: 0 },
    on: { PAID: { actions: assign({ count: ({ context }) => context.count + 1 }) } },
  }),
  events: { [STREAM]: () => ({ type: 'PAID' }) },
});

export function runOperators(): OperatorFigures[] {
  const blocks = Array.from({ length: BLOCKS }, (_, block) => columnsOf(block));
  const events = BLOCKS * BLOCK;
  const hand = median(() => countByHand(blocks), events);
  const counted = median(() => drive(count, blocks), events);
  const few = blocks.slice(0, 8);
  const machines = median(() => drive(machine, few), few.length * BLOCK);
  const row = (what: string, nsPerEvent: number, total: number, isLoop: boolean): OperatorFigures => ({
    what,
    events: total,
    nsPerEvent: Math.round(nsPerEvent),
    nsOverTheLoop: isLoop ? null : Math.round(nsPerEvent - hand),
  });
  return [
    row('count a key, a loop by hand', hand, events, true),
    row('count a key, an operator', counted, events, false),
    row('count a key, a machine operator', machines, few.length * BLOCK, false),
    row('sessions, rules and scores, 5,000 cards', nsOfCards(5000), CARD_EVENTS, true),
    row('sessions, rules and scores, 1,000,000 cards', nsOfCards(1_000_000), CARD_EVENTS, true),
  ];
}

function columnsOf(block: number): Columns {
  const rows = Array.from({ length: BLOCK }, (_, i) => {
    const n = block * BLOCK + i;
    const customerId = (Math.imul(n, 2654435761) >>> 0) % KEYS;
    return { transactionId: n, customerId, terminalId: n % 100, amountCents: n % 5000, occurredAt: n * 10 };
  });
  return transactionType.columns(transactionType.encodeBlock(rows));
}

function countByHand(blocks: readonly Columns[]): void {
  const counts = new Map<number, number>();
  for (const columns of blocks) {
    const keys = columns.numbers('customerId');
    for (let row = 0; row < columns.count; row++) {
      const key = keys[row]!;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  if (counts.size !== KEYS) throw new Error(`${counts.size} keys`);
}

function drive(definition: unknown, blocks: readonly Columns[]): void {
  const operator = createUserOperator({
    name: 'bench',
    definition: readDefinition(definition),
    inputs: [{ stream: STREAM, key: 'customerId', schema: transactionType.schema }],
    keyType: 'long',
    options: {},
    order: 'arrival',
    ttlMs: null,
    onError: 'fail',
  });
  let watermarkMs = Number.NEGATIVE_INFINITY;
  for (const columns of blocks) {
    const timesMs = columns.numbers('occurredAt');
    operator.begin({ stream: STREAM, columns, timesMs, watermarkMs, at: null });
    for (let row = 0; row < columns.count; row++) {
      operator.add(row);
      watermarkMs = timesMs[row]! - 1;
      operator.advance(watermarkMs);
    }
    for (const { events } of operator.outputs) events.take();
  }
}

function median(round: () => void, events: number): number {
  round();
  const costs = Array.from({ length: ROUNDS }, () => {
    const before = process.cpuUsage();
    round();
    const { user, system } = process.cpuUsage(before);
    return ((user + system) * 1000) / events;
  });
  return costs.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
}
