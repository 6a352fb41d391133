/** An operator's state as records of its own Avro schema, and back by schema resolution. */
import { type EventType, resolvingDecoder } from '../messages/codec.ts';
import { type OperatorState, UnreadableStateError } from './operator.ts';

export function stateOf<T>(type: EventType<T>, definition: string, records: readonly T[]): OperatorState {
  const { count, bytes } = type.encodeBlock(records);
  return { definition, schema: type.json, count, bytes };
}

/** Throws an UnreadableStateError when the state is of another definition, or of a schema that can't be resolved. */
export function recordsOf<T>(type: EventType<T>, definition: string, state: OperatorState): T[] {
  if (state.definition !== null && state.definition !== definition) {
    throw new UnreadableStateError('it was defined otherwise when its state was saved');
  }
  if (state.schema === type.json) return type.decodeBlock(state.bytes);
  try {
    return resolvingDecoder(type, state.schema)(state.bytes);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UnreadableStateError(`its state was saved by a schema that can not be read by that of today: ${why}`);
  }
}
