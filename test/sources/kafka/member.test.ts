/** A member whose client ends while partitions wait: that is told, and nothing is left to fail by itself. */
import { expect, it } from 'vitest';
import type { Group } from '../../../src/kafka/group.ts';
import { createMember } from '../../../src/sources/kafka/member.ts';
import { nextTurn } from '../journaled-partitions.ts';
import { recordingIntake } from '../recording-intake.ts';
import { kafkaSettings } from './kafka-settings.ts';

it('a partition that can not be resumed ends the member', async () => {
  let isOver = false;
  const group: Group = {
    topics: async () => ['t'],
    partitionsOf: async () => new Map([['t', 1]]),
    bounds: async () => new Map([[0, { low: 0, high: 9 }]]),
    committed: async () => new Map(),
    run: async () => {},
    seek() {},
    pause() {},
    resume() {
      if (isOver) throw new Error('the client is closed');
    },
    commit: async () => {},
    close: async () => {},
  };
  const failures: string[] = [];
  const member = createMember({
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
    failed: ({ message }) => void failures.push(message),
  });
  member.listener.assigned(new Map([['t', [0]]]));
  while (member.lanes()[0]?.state() !== 'running') await nextTurn();
  isOver = true;
  member.listener.blocked('t', 0);
  await nextTurn();
  expect(failures).toEqual(['the client is closed']);
  await member.close();
});
