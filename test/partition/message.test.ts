/** What an operator is told beside events: in its place among them, live, replayed, and by a schema of another version. */
import { describe, expect, test } from 'vitest';
import { BUILTIN_TYPES } from '../../src/builtin-types.ts';
import { transactionType } from '../../src/fraud/types.ts';
import { dynamicEventType, eventType } from '../../src/messages/codec.ts';
import { inputSection } from '../../src/messages/commit.ts';
import { createRegistry } from '../../src/messages/registry.ts';
import { operatorMessageType, sourceControlType } from '../../src/messages/types.ts';
import { createDerivedBlocks, createLateBlocks } from '../../src/partition/derived-blocks.ts';
import { drive } from '../../src/partition/drive.ts';
import { createPartition } from '../../src/partition/partition.ts';
import type { Operator } from '../../src/streams/operator.ts';

const told = eventType({
  type: 'record',
  name: 'Told',
  namespace: 'test',
  fields: [
    { name: 'words', type: 'string' },
    { name: 'by', type: 'string', default: 'nobody' },
  ],
});
const toldBefore = eventType({
  type: 'record',
  name: 'Told',
  namespace: 'test',
  fields: [{ name: 'words', type: 'string' }],
});
const saidType = eventType({
  type: 'record',
  name: 'Said',
  namespace: 'test',
  fields: [{ name: 'what', type: 'string' }],
});

/** Says what it was given, in the order in which it was. */
function createListener(name: string): Operator {
  const said = saidType.blockWriter();
  return {
    name,
    kind: 'listener',
    actor: 'operator',
    inputs: ['payments'],
    outputs: [{ stream: `${name}.said`, type: saidType, events: said }],
    heldBackMs: null,
    begin() {},
    add: (row) => void said.push({ what: `${name}: event ${row}` }),
    advance: (watermarkMs) => void said.push({ what: `${name}: watermark ${watermarkMs}` }),
    flush() {},
    remove() {},
    tell(message, atMs) {
      for (const { words, by } of message.records(told)) said.push({ what: `${name}: ${words} (${by}) at ${atMs}` });
    },
    snapshot: () => ({ definition: '', schema: '"null"', count: 0, bytes: Buffer.from([0]) }),
    restore() {},
    keyCount: () => 0,
  };
}

function open() {
  const registry = createRegistry([...BUILTIN_TYPES, told]);
  registry.learn(toldBefore.fingerprint, toldBefore.json);
  const operators = [createListener('one'), createListener('other')];
  const input = {
    stream: 'payments',
    eventType: dynamicEventType(transactionType.schema),
    timeField: 'occurredAt',
    watermark: { kind: 'scripted' as const },
    channels: [],
  };
  const partition = createPartition(
    { stream: 'payments', partition: 0, inputs: [input], expectations: [] },
    registry,
    createDerivedBlocks(operators, createLateBlocks(), false),
  );
  const derive = (steps: Parameters<typeof drive>[1]) => operators.forEach((operator) => void drive(operator, steps));
  return { partition, derive };
}

const event = { transactionId: 1, customerId: 1, terminalId: 1, amountCents: 1, occurredAt: 5 };
const message = (operator: string, { fingerprint, count, bytes }: ReturnType<typeof told.encodeBlock>) =>
  operatorMessageType.encodeBlock([{ operator, fingerprint, count, block: Buffer.from(bytes) }]);
const batch = {
  source: 'script',
  next: 1,
  blocks: [
    transactionType.encodeBlock([event]),
    message('one', told.encodeBlock([{ words: 'first', by: 'anna' }])),
    sourceControlType.encodeBlock([{ control: 'watermark', watermark: 9 }]),
    message('one', toldBefore.encodeBlock([{ words: 'older' }])),
    message('one', saidType.encodeBlock([{ what: 'of a type that it is not told of' }])),
    message('nobody', told.encodeBlock([{ words: 'lost', by: '' }])),
  ],
};

describe('a message to an operator', () => {
  test('reaches that operator alone, at its place among the events', () => {
    const { partition, derive } = open();
    const { commit } = partition.apply(batch, derive, 0);
    const said = commit.sections
      .filter(({ role }) => role === 'derived')
      .flatMap(({ bytes }) => saidType.decodeBlock(bytes).map(({ what }) => what));
    expect(said).toEqual([
      'one: event 0',
      'one: first (anna) at -Infinity',
      'one: watermark 9',
      'one: older (nobody) at 9',
      'other: event 0',
      'other: watermark 9',
    ]);
  });

  test('is input of the log, so a replay derives the same of it', () => {
    const live = open();
    const { commit } = live.partition.apply(batch, live.derive, 0);
    const again = open();
    expect(again.partition.replay(commit, again.derive)).toEqual(
      commit.sections.filter(({ role }) => role === 'derived'),
    );
    expect(commit.sections.slice(0, batch.blocks.length)).toEqual(batch.blocks.map(inputSection));
  });
});
