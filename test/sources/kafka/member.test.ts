/** A member of a group: what it asks of its client when it is given partitions, and when the client ends while some wait. */
import { expect, it } from 'vitest';
import type { Group } from '../../../src/kafka/group.ts';
import { createMember, type Member } from '../../../src/sources/kafka/member.ts';
import { nextTurn } from '../journaled-partitions.ts';
import { recordingIntake } from '../recording-intake.ts';
import { kafkaSettings } from './kafka-settings.ts';

/** `asked`: what the client was asked to do with partitions, in its order; throws where the client is closed. */
function memberOf(asked: (what: string) => void, failed: (message: string) => void): Member {
  const group: Group = {
    topics: async () => ['t'],
    partitionsOf: async () => new Map([['t', 1]]),
    bounds: async () => new Map([[0, { low: 0, high: 9 }]]),
    committed: async () => new Map(),
    run: async () => {},
    seek: (topic, partition, offset) => asked(`seek ${topic}/${partition} ${offset}`),
    pause: (topic, partition) => asked(`pause ${topic}/${partition}`),
    resume: (topic, partition) => asked(`resume ${topic}/${partition}`),
    commit: async () => {},
    close: async () => {},
  };
  return createMember({
    settings: kafkaSettings,
    groupId: 'g',
    brokers: ['b'],
    owner: 1,
    intake: recordingIntake({ partitions: 1 }),
    group,
    blocks: { schemaIds: () => new Set(), blocksOf: () => [] },
    schemas: async () => new Map(),
    claims: new Map(),
    sleep: async () => {},
    nowMs: () => 0,
    failed: ({ message }) => failed(message),
  });
}

const untilRunning = async (member: Member): Promise<void> => {
  while (member.lanes()[0]?.state() !== 'running') await nextTurn();
};
const record = { offset: 0, timestamp: 0, key: null, value: null };

it('a partition is paused in the call that gives it, and begins once its log is open; one that is kept begins where it is', async () => {
  const asked: string[] = [];
  const member = memberOf((what) => void asked.push(what), expect.unreachable);
  // kafkajs fetches as soon as its listeners have returned.
  member.listener.assigned(new Map([['t', [0]]]));
  expect(asked).toEqual(['pause t/0']);
  await untilRunning(member);
  expect(asked.splice(0)).toEqual(['pause t/0', 'seek t/0 0', 'resume t/0']);
  const fetched = { topic: 't', partition: 0, fetchedOffset: 0, records: [record], lastOffset: 4, highWatermark: 9 };
  expect(member.listener.fetched(fetched)).toBe('taken');
  // The client forgets in each generation where it was, and would begin at what was committed.
  member.listener.assigned(new Map([['t', [0]]]));
  expect(asked).toEqual(['seek t/0 5']);
  await member.close();
});

it('a partition that can not be resumed ends the member', async () => {
  let isOver = false;
  const failures: string[] = [];
  const member = memberOf(
    (what) => {
      if (isOver && what.startsWith('resume')) throw new Error('the client is closed');
    },
    (message) => void failures.push(message),
  );
  member.listener.assigned(new Map([['t', [0]]]));
  await untilRunning(member);
  isOver = true;
  member.listener.blocked('t', 0);
  await nextTurn();
  expect(failures).toEqual(['the client is closed']);
  await member.close();
});
