/** What a writer costs for each event hangs on how V8 keeps it: an object that it keeps as a hash table is looked up at each call. */
import { setFlagsFromString } from 'node:v8';
import { expect, test } from 'vitest';
import { sessionClosedType, transactionScoredType } from '../../src/fraud/types.ts';
import { derivedEventType } from '../../src/messages/derived-event.ts';
import { lateEventType } from '../../src/messages/types.ts';
import { createLateBlocks } from '../../src/partition/derived-blocks.ts';

setFlagsFromString('--allow-natives-syntax');
const isHashTable: unknown = new Function('object', 'return !%HasFastProperties(object)');
if (typeof isHashTable !== 'function') throw new Error('There is no such function');

test.each([
  ['blocks', () => lateEventType.blockWriter()],
  ['flat blocks of scores', () => transactionScoredType.flatWriter()],
  ['flat blocks of sessions', () => sessionClosedType.flatWriter()],
  ['blocks of a derived stream', () => derivedEventType('some', []).blockWriter()],
  ['late events', createLateBlocks],
] as const)('no writer of %s is a hash table to V8, however many there are', (_, create) => {
  const writers = Array.from({ length: 5 }, () => create());
  expect(writers.map((writer) => Boolean(isHashTable(writer)))).toEqual([false, false, false, false, false]);
});
