/** Partitions of a group: each has one member at most, and goes to the one that has its state. */
import fc from 'fast-check';
import kafkajs from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { assignPartitions, type GroupMember, millraceAssigner } from '../../src/kafka/assigner.ts';

const sizes = new Map([
  ['a', 8],
  ['b', 5],
]);
const member = (id: string, claims: number[] = [], logs = 8): GroupMember => ({
  id,
  topics: ['a', 'b'],
  claims: new Map([['a', claims]]),
  logs,
});

describe('the partitions of a group', () => {
  it('go together by number, each to one member, as evenly as claims and logs allow', () => {
    const members = fc
      .uniqueArray(fc.string({ minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 5 })
      .chain((ids) =>
        fc.tuple(
          ...ids.map((id) => fc.record({ id: fc.constant(id), claims: fc.uniqueArray(fc.nat(9)), logs: fc.nat(9) })),
        ),
      );
    fc.assert(
      fc.property(members, (drawn) => {
        const all = drawn.map(({ id, claims, logs }) => member(id, claims, logs));
        const assignment = assignPartitions(all, sizes);
        for (let number = 0; number < 8; number++) {
          const having = [...assignment].filter(([, topics]) => topics.get('a')?.includes(number));
          const ofB = [...assignment].filter(([, topics]) => topics.get('b')?.includes(number));
          const claimants = drawn.filter(({ claims }) => claims.includes(number)).map(({ id }) => id);
          const able = drawn.filter(({ logs }) => number < logs);
          expect(having.length).toBe(claimants.length > 0 || able.length > 0 ? 1 : 0);
          if (claimants.length > 0) expect(claimants).toContain(having[0]?.[0]);
          expect(ofB.map(([id]) => id)).toEqual(number < 5 ? having.map(([id]) => id) : []);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('are spread evenly over members without claims, and around those that have some', () => {
    const counts = (all: GroupMember[]) =>
      [...assignPartitions(all, sizes)].map(([id, topics]) => [id, topics.get('a')?.length ?? 0]);
    expect(counts([member('x'), member('y'), member('z')])).toEqual([
      ['x', 3],
      ['y', 3],
      ['z', 2],
    ]);
    expect(counts([member('x', [0, 1, 2]), member('y')])).toEqual([
      ['x', 4],
      ['y', 4],
    ]);
  });

  it('are read by the leader from what members say, in the form of the protocol', async () => {
    const assigner = millraceAssigner(kafkajs.AssignerProtocol, () => new Map([['a', [7]]]), 8);
    const partitionMetadata = { partitionErrorCode: 0, leader: 1, replicas: [1], isr: [1] };
    const cluster = {
      findTopicPartitionMetadata: () =>
        Array.from({ length: 8 }, (_, partitionId) => ({ ...partitionMetadata, partitionId })),
    };
    const own = assigner({ cluster });
    const { metadata } = own.protocol({ topics: ['a'] });
    const other = kafkajs.AssignerProtocol.MemberMetadata.encode({
      version: 1,
      topics: ['a'],
      userData: Buffer.from('?'),
    });
    const assigned = await own.assign({
      members: [
        { memberId: 'own', memberMetadata: metadata },
        { memberId: 'other', memberMetadata: other },
      ],
      topics: ['a'],
    });
    const decoded = assigned.map(({ memberId, memberAssignment }) => [
      memberId,
      kafkajs.AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment,
    ]);
    expect(decoded).toEqual([
      ['own', { a: [7, 0, 1, 2, 3, 4, 5, 6] }],
      ['other', {}],
    ]);
  });
});
