/** Which topics a source reads, as the cluster has them now. */
import type { Group } from '../../kafka/group.ts';
import type { KafkaSourceSettings } from './settings.ts';

export interface NamedTopics {
  /** By name. */
  readonly topics: readonly string[];
  /** What keeps some of it from being read, in words for people; null when nothing does. */
  readonly problem: string | null;
  /** Another one when topics or partitions came or went. */
  readonly shape: string;
}

/** `logs`: how many partitions the stream has. Rejects when the cluster does not answer. */
export async function namedTopics(
  group: Pick<Group, 'topics' | 'partitionsOf'>,
  { topics: named, pattern }: Pick<KafkaSourceSettings, 'topics' | 'pattern'>,
  logs: number,
): Promise<NamedTopics> {
  const all = await group.topics();
  const wanted = named ?? all.filter((topic) => wholeName(pattern ?? '').test(topic));
  const missing = wanted.filter((topic) => !all.includes(topic));
  const topics = wanted.filter((topic) => !missing.includes(topic)).toSorted();
  if (missing.length > 0) {
    const have = all.filter((topic) => !topic.startsWith('__')).slice(0, 10);
    const known = have.length === 0 ? 'it has none' : `it has ${have.join(', ')}`;
    return {
      topics,
      shape: '',
      problem: `the cluster has no topic ${missing.join(', ')}, or this user may not see it; ${known}`,
    };
  }
  if (topics.length === 0) return { topics, shape: '', problem: `the cluster has no topic whose name is ${pattern}` };
  const sizes = await group.partitionsOf(topics);
  const shape = topics.map((topic) => `${topic}/${sizes.get(topic)}`).join(' ');
  const large = topics.filter((topic) => (sizes.get(topic) ?? 0) > logs);
  if (large.length === 0) return { topics, shape, problem: null };
  const [first = ''] = large;
  const size = sizes.get(first) ?? 0;
  const problem =
    `${first} has ${size} partitions and the stream ${logs}: those from ${logs} on are not read. ` +
    `Write \`partitions: ${size}\` for the stream; a data directory that has events of it keeps its number`;
  return { topics, shape, problem };
}

function wholeName(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`);
}
