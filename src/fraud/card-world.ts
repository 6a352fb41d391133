/**
 * The simulated world, drawn once from the seed: terminals and customers on a 100 × 100 grid, and each customer's habits.
 *
 * A customer uses the terminals within a radius of 5. They are not listed for each customer but drawn from the 3 × 3
 * cells of side 5 around it, so that memory grows with customers plus terminals and not with their product.
 */
import { createRandom, type Random } from '../models/random.ts';

const GRID_SIDE = 100;
const RADIUS = 5;
const CELLS_A_SIDE = GRID_SIDE / RADIUS;
const MIN_MEAN_AMOUNT = 5;
const MAX_MEAN_AMOUNT = 100;
const MAX_TRANSACTIONS_A_DAY = 4;

/** Third keys of the random streams: what a stream is for. Days count from 0, so these are out of their way. */
const TERMINAL_STREAM = -1;
const CUSTOMER_STREAM = -2;

export interface CardWorld {
  /** Mean amount of each customer, in currency units. */
  readonly meanAmounts: Float32Array;
  /** e^−λ of each customer, where λ is its mean number of transactions a day. */
  readonly expMinusLambdas: Float32Array;
  /** Whether any terminal is within the customer's reach; one without makes no transactions. */
  reachesTerminal(customer: number): boolean;
  /** One of the terminals within the customer's radius, each as likely. */
  drawTerminal(customer: number, random: Random): number;
}

export function createCardWorld(seed: number, customers: number, terminals: number): CardWorld {
  const random = createRandom();
  const terminalX = new Float32Array(terminals);
  const terminalY = new Float32Array(terminals);
  for (let terminal = 0; terminal < terminals; terminal++) {
    random.seed(seed, terminal, TERMINAL_STREAM);
    terminalX[terminal] = random.uniform() * GRID_SIDE;
    terminalY[terminal] = random.uniform() * GRID_SIDE;
  }
  const { cellStarts, byCell } = sortIntoCells(terminalX, terminalY);

  const customerX = new Float32Array(customers);
  const customerY = new Float32Array(customers);
  const meanAmounts = new Float32Array(customers);
  const expMinusLambdas = new Float32Array(customers);
  for (let customer = 0; customer < customers; customer++) {
    random.seed(seed, customer, CUSTOMER_STREAM);
    customerX[customer] = random.uniform() * GRID_SIDE;
    customerY[customer] = random.uniform() * GRID_SIDE;
    meanAmounts[customer] = MIN_MEAN_AMOUNT + random.uniform() * (MAX_MEAN_AMOUNT - MIN_MEAN_AMOUNT);
    expMinusLambdas[customer] = Math.exp(-random.uniform() * MAX_TRANSACTIONS_A_DAY);
  }

  function within(customer: number, terminal: number): boolean {
    const dx = terminalX[terminal]! - customerX[customer]!;
    const dy = terminalY[terminal]! - customerY[customer]!;
    return dx * dx + dy * dy < RADIUS * RADIUS;
  }

  /** The n-th terminal of the cells around the customer, or their number when n is past the last. */
  function nthAround(customer: number, n: number): { readonly terminal: number; readonly around: number } {
    const column = cellOf(customerX[customer]!);
    const row = cellOf(customerY[customer]!);
    const firstColumn = Math.max(0, column - 1);
    const lastColumn = Math.min(CELLS_A_SIDE - 1, column + 1);
    let before = 0;
    for (let r = Math.max(0, row - 1); r <= Math.min(CELLS_A_SIDE - 1, row + 1); r++) {
      const start = cellStarts[r * CELLS_A_SIDE + firstColumn]!;
      const count = cellStarts[r * CELLS_A_SIDE + lastColumn + 1]! - start;
      if (n < before + count) return { terminal: byCell[start + n - before]!, around: Number.NaN };
      before += count;
    }
    return { terminal: -1, around: before };
  }

  // Number of terminals in the cells around each customer; 0 where none of them is within the radius.
  const around = new Uint32Array(customers);
  for (let customer = 0; customer < customers; customer++) {
    const count = nthAround(customer, Number.POSITIVE_INFINITY).around;
    for (let n = 0; n < count; n++) {
      if (!within(customer, nthAround(customer, n).terminal)) continue;
      around[customer] = count;
      break;
    }
  }

  return {
    meanAmounts,
    expMinusLambdas,
    reachesTerminal: (customer) => around[customer] !== 0,
    // Ends: at least one of the terminals around is within, and the random stream has a long period.
    drawTerminal(customer, draw) {
      for (;;) {
        const { terminal } = nthAround(customer, draw.below(around[customer]!));
        if (within(customer, terminal)) return terminal;
      }
    },
  };
}

function cellOf(coordinate: number): number {
  return Math.min(CELLS_A_SIDE - 1, Math.floor(coordinate / RADIUS));
}

/** Terminals by cell, row after row: those of cell n are `byCell` from `cellStarts[n]` to `cellStarts[n + 1]`. */
function sortIntoCells(x: Float32Array, y: Float32Array): { cellStarts: Uint32Array; byCell: Uint32Array } {
  const cell = (terminal: number): number => cellOf(y[terminal]!) * CELLS_A_SIDE + cellOf(x[terminal]!);
  const cellStarts = new Uint32Array(CELLS_A_SIDE * CELLS_A_SIDE + 1);
  for (let terminal = 0; terminal < x.length; terminal++) cellStarts[cell(terminal) + 1]! += 1;
  for (let n = 1; n < cellStarts.length; n++) cellStarts[n]! += cellStarts[n - 1]!;
  const filled = cellStarts.slice();
  const byCell = new Uint32Array(x.length);
  for (let terminal = 0; terminal < x.length; terminal++) byCell[filled[cell(terminal)]!++] = terminal;
  return { cellStarts, byCell };
}
