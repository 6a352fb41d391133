/**
 * Assigns partitions to the members of a group. Each member says which partitions its journal has. Those go to that
 * member whenever it is there, because the state of their windows and sessions lies beside its journal. Other
 * partitions are spread evenly. Partitions of one number go together, whatever their topics, because they feed one log.
 */
import type { Assigner, AssignerProtocol, Cluster } from 'kafkajs';
import { isMap } from '../messages/json-map.ts';
import type { Partitions } from './group.ts';

export interface GroupMember {
  readonly id: string;
  readonly topics: readonly string[];
  readonly claims: Partitions;
  /** It has logs for so many partitions of each topic. */
  readonly logs: number;
}

/** By member: topics and their partitions. `sizes`: how many partitions each topic has. */
export function assignPartitions(
  members: readonly GroupMember[],
  sizes: ReadonlyMap<string, number>,
): Map<string, Map<string, number[]>> {
  const assignment = new Map(members.map(({ id }) => [id, new Map<string, number[]>()] as const));
  const loads = new Map<string, number>();
  const loadOf = ({ id }: GroupMember): number => loads.get(id) ?? 0;
  const sorted = members.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const count = Math.max(0, ...sizes.values());
  const take = (member: GroupMember, number: number): void => {
    for (const topic of member.topics) {
      if (number >= (sizes.get(topic) ?? 0)) continue;
      const own = assignment.get(member.id);
      own?.set(topic, [...(own.get(topic) ?? []), number]);
    }
    loads.set(member.id, loadOf(member) + 1);
  };
  const free: number[] = [];
  for (let number = 0; number < count; number++) {
    const owner = sorted.find(({ claims }) => [...claims.values()].some((claimed) => claimed.includes(number)));
    if (owner === undefined) free.push(number);
    else take(owner, number);
  }
  for (const number of free) {
    const able = sorted.filter(({ logs }) => number < logs);
    const least = Math.min(...able.map(loadOf));
    const next = able.find((member) => loadOf(member) === least);
    if (next !== undefined) take(next, number);
  }
  return assignment;
}

const VERSION = 1;

/** The way of assigning has a name of its own, so that a group has no members that know nothing of it. */
export function millraceAssigner(
  { MemberMetadata, MemberAssignment }: typeof AssignerProtocol,
  claims: () => Partitions,
  logs: number,
): (group: { readonly cluster: Pick<Cluster, 'findTopicPartitionMetadata'> }) => Assigner {
  return ({ cluster }) => ({
    name: 'millrace',
    version: VERSION,
    protocol({ topics }) {
      const userData = Buffer.from(JSON.stringify({ logs, claims: Object.fromEntries(claims()) }));
      return { name: 'millrace', metadata: MemberMetadata.encode({ version: VERSION, topics, userData }) };
    },
    async assign({ members, topics }) {
      const sizes = new Map(topics.map((topic) => [topic, cluster.findTopicPartitionMetadata(topic).length] as const));
      const known = members.map(({ memberId, memberMetadata }): GroupMember => {
        const metadata = MemberMetadata.decode(memberMetadata);
        return { id: memberId, topics: metadata?.topics ?? topics, ...saidBy(metadata?.userData) };
      });
      return [...assignPartitions(known, sizes)].map(([memberId, partitions]) => ({
        memberId,
        memberAssignment: MemberAssignment.encode({
          version: VERSION,
          assignment: Object.fromEntries(partitions),
          userData: Buffer.alloc(0),
        }),
      }));
    },
  });
}

/** What a member says of itself; nothing where it is not understood. */
function saidBy(userData: Buffer | undefined): Pick<GroupMember, 'claims' | 'logs'> {
  const nothing = { claims: new Map<string, number[]>(), logs: 0 };
  let said: unknown;
  try {
    said = JSON.parse(userData?.toString('utf8') ?? '');
  } catch {
    return nothing;
  }
  if (!isMap(said) || typeof said.logs !== 'number' || !isMap(said.claims)) return nothing;
  const claims = Object.entries(said.claims).map(([topic, numbers]): [string, number[]] => [
    topic,
    Array.isArray(numbers) ? numbers.filter((each) => typeof each === 'number') : [],
  ]);
  return { claims: new Map(claims), logs: said.logs };
}
