/**
 * Which operator's or function's code runs in this thread. The guard of the clock asks here. Each call costs a few stores
 * to memory. Another thread may watch through shared memory, since a call that does not return can't report itself.
 */
import { Buffer } from 'node:buffer';

export const running: { operator: string | null; function: string | null } = { operator: null, function: null };

/** A call of an operator, told by numbers that are the same in every replay. */
export interface CallPlace {
  given: number;
  call: number;
}

export interface RunningCall {
  /** The operator, or a function's name with brackets behind it. */
  readonly operator: string;
  /** Whose partition calls the function; null for an operator, whose name says it. */
  readonly stream: string | null;
  readonly partition: number;
  /** Which call of the operator it is: see CallCutOff. */
  readonly place: CallPlace;
  /** Calls before this one, wrapped at 32 bits. While the number stays, the call is the same. */
  readonly number: number;
}

/** Places of the numbers in the memory; the name follows the numbers. */
const CALLS = 0;
const IS_INSIDE = 1;
const PARTITION = 2;
const NAME_BYTES = 3;
const CALL = 4;
const NUMBERS = 6;
const GIVEN_AT = NUMBERS * Int32Array.BYTES_PER_ELEMENT;
const NAME_AT = GIVEN_AT + Float64Array.BYTES_PER_ELEMENT;
const MEMORY_BYTES = NAME_AT + 240;

export function runningMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(MEMORY_BYTES);
}

let memory = runningMemory();
let numbers = new Int32Array(memory, 0, NUMBERS);
let given = new Float64Array(memory, GIVEN_AT, 1);
let shownName = '';
let shownStream: string | null = null;

/** Calls in this thread are shown in this memory from now on. */
export function showRunningIn(shared: SharedArrayBuffer): void {
  memory = shared;
  numbers = new Int32Array(shared, 0, NUMBERS);
  given = new Float64Array(shared, GIVEN_AT, 1);
  shownName = '';
  shownStream = null;
}

export function enterOperator(name: string, partition: number, place: CallPlace): void {
  running.operator = name;
  show(name, null, partition, place.given, place.call);
}

/** `hash` says which call of the function it is. */
export function enterFunction(name: string, stream: string, partition: number, hash: number): void {
  running.function = name;
  show(name, stream, partition, hash, 0);
}

function show(name: string, stream: string | null, partition: number, which: number, call: number): void {
  // A thread drives an operator over a whole batch: the names change seldom.
  if (name !== shownName || stream !== shownStream) {
    shownName = name;
    shownStream = stream;
    const text = stream === null ? name : `${name}\n${stream}`;
    numbers[NAME_BYTES] = Buffer.from(memory, NAME_AT).write(text);
  }
  numbers[PARTITION] = partition;
  numbers[CALL] = call;
  given[0] = which;
  numbers[CALLS]! += 1;
  numbers[IS_INSIDE] = 1;
}

export function leaveFunction(): void {
  running.function = null;
  numbers[IS_INSIDE] = 0;
}

export function leaveOperator(): void {
  running.operator = null;
  numbers[IS_INSIDE] = 0;
}

/**
 * The call that is under way in the thread that writes this memory; null when none is. Exact for a call that does not
 * return.
 */
export function runningCall(shared: SharedArrayBuffer): RunningCall | null {
  const [calls = 0, isInside = 0, partition = 0, length = 0, call = 0] = new Int32Array(shared, 0, NUMBERS);
  if (isInside === 0) return null;
  const [events = 0] = new Float64Array(shared, GIVEN_AT, 1);
  const [operator = '', stream = null] = Buffer.from(shared, NAME_AT, length).toString().split('\n');
  return { operator, stream, partition, place: { given: events, call }, number: calls };
}
