/**
 * A condition on an operator's results, applied block by block. It is the WHERE of SQL over rows that are already joined: a
 * row that lacks a side is kept only where the condition is true of its nulls.
 */
import type { Block } from '../messages/block.ts';
import type { DynamicEvent, EventType } from '../messages/codec.ts';
import { takeRows } from '../messages/take-rows.ts';
import { compileCondition } from '../sql/compile.ts';
import { bindCondition } from '../sql/compiled.ts';
import type { UserFunction } from '../sql/user-function.ts';
import { SqlError } from '../sql/value.ts';
import type { OperatorOutput } from './operator.ts';

type Results = OperatorOutput['events'];

/** Called for a result that the condition fails on. The result is refused. */
type FaultTold = (event: DynamicEvent, row: number, fault: SqlError) => void;

/**
 * `instead` gives the event that takes the place of a refused result; null for none. Throws an ExpressionError when the
 * condition is not valid.
 */
export function filteredResults(
  type: EventType<DynamicEvent>,
  where: string,
  results: Results,
  instead: ((event: DynamicEvent) => DynamicEvent) | null,
  fails: FaultTold,
  functions?: readonly UserFunction[],
): Results {
  const condition = compileCondition(where, type.schema, 'sql', functions);
  const read = type.columnReader();

  function kept(block: Block): Block | null {
    const columns = read(block);
    const holds = bindCondition(condition, columns);
    const isTrue = (row: number): boolean => {
      try {
        return holds(row);
      } catch (error) {
        if (!(error instanceof SqlError)) throw error;
        fails(columns.event(row), row, error);
        return false;
      }
    };
    const rows = new Uint32Array(block.count);
    let count = 0;
    for (let row = 0; row < block.count; row++) if (isTrue(row)) rows[count++] = row;
    if (count === block.count) return block;
    if (instead !== null) return replaced(block, new Set(rows.subarray(0, count)), instead);
    if (count === 0) return null;
    const taken = rows.subarray(0, count);
    const { places } = columns;
    if (places === null) return type.encodeBlock(Array.from(taken, columns.event));
    return { fingerprint: block.fingerprint, count, bytes: takeRows(places, taken) };
  }
  function replaced({ bytes }: Block, taken: ReadonlySet<number>, by: NonNullable<typeof instead>): Block {
    return type.encodeBlock(type.decodeBlock(bytes).map((event, row) => (taken.has(row) ? event : by(event))));
  }

  return {
    take() {
      const block = results.take();
      return block === null ? null : kept(block);
    },
  };
}
