/** Transactions as columns: what the detector reads of every one, and one as an object for the few that matter. */
import type { Columns } from '../messages/columns.ts';
import { PARTIAL } from '../streams/partial-field.ts';
import type { Transaction } from './schemas.ts';

export interface TransactionColumns extends Readonly<Record<keyof Transaction, Float64Array>> {
  /** 1 where the features are; empty where none say so. */
  readonly isPartial: Float64Array;
}

/** Throws when the events are not transactions. */
export function transactionColumns(columns: Columns): TransactionColumns {
  const partial = columns.column(PARTIAL);
  return {
    transactionId: columns.numbers('transactionId'),
    customerId: columns.numbers('customerId'),
    terminalId: columns.numbers('terminalId'),
    amountCents: columns.numbers('amountCents'),
    occurredAt: columns.numbers('occurredAt'),
    isPartial: partial?.kind === 'number' ? partial.values : NONE,
  };
}

const NONE = new Float64Array(0);
export const NO_TRANSACTIONS: TransactionColumns = {
  transactionId: NONE,
  customerId: NONE,
  terminalId: NONE,
  amountCents: NONE,
  occurredAt: NONE,
  isPartial: NONE,
};

export function transactionAt(rows: TransactionColumns, row: number): Transaction {
  return {
    transactionId: rows.transactionId[row]!,
    customerId: rows.customerId[row]!,
    terminalId: rows.terminalId[row]!,
    amountCents: rows.amountCents[row]!,
    occurredAt: rows.occurredAt[row]!,
  };
}
