/** `millrace topics`: what the cluster of the pipeline file has, and who of the pipeline reads and writes it. */
import type { Config } from '../config/config.ts';
import { groupOf } from '../sources/kafka/settings.ts';
import { type ListedTopic, listTopics } from '../topics/list.ts';
import { clusterError, clusterOf } from './cluster.ts';
import { CONFIG_OPTION, type Command, configOf, JSON_OPTION, noWords, print, tableText } from './command.ts';
import { EXIT } from './exit.ts';

export const topicsCommand: Command = {
  name: 'topics',
  summary: 'list the topics of the Kafka cluster, and which streams and sinks of the pipeline file they belong to',
  usage: 'topics [--config FILE] [--json]',
  options: { ...CONFIG_OPTION, ...JSON_OPTION },
  async run(values, words) {
    noWords('topics', words);
    const config = await configOf(values);
    const cluster = clusterOf(config, values);
    const log = (line: string): void => void process.stderr.write(`millrace: ${line}\n`);
    const groups = readersOf(config).map(({ group }) => group);
    const topics = await listTopics(cluster, groups, log).catch((error: unknown) => {
      throw clusterError(error, cluster, values);
    });
    const rows = topics.map((topic) => rowOf(config, topic));
    if (values.json === true) await print(JSON.stringify(rows));
    else
      await print(
        tableText(
          rows.map(({ readBy, writtenBy, ...row }) => ({
            ...row,
            readBy: readBy.join(', '),
            writtenBy: writtenBy.join(', '),
          })),
        ),
      );
    return EXIT.ok;
  },
};

interface Reader {
  readonly stream: string;
  readonly group: string;
  reads(topic: string): boolean;
}

function readersOf({ streams }: Config): Reader[] {
  return streams.flatMap(({ name, source }): Reader[] => {
    if (source.kind !== 'kafka') return [];
    const { topics, pattern } = source;
    const whole = new RegExp(`^(?:${pattern ?? ''})$`);
    return [
      { stream: name, group: groupOf(source, name), reads: (topic) => topics?.includes(topic) ?? whole.test(topic) },
    ];
  });
}

/** `behind`: of the group that is farthest behind; null where none has committed an offset. */
function rowOf(config: Config, { topic, partitions, records, behind }: ListedTopic) {
  const readers = readersOf(config).filter(({ reads }) => reads(topic));
  const lags = readers.flatMap(({ group }) => behind.get(group) ?? []);
  const writtenBy = config.sinks
    .filter((sink) => sink.kind === 'kafka' && sink.topic === topic)
    .map(({ name }) => name);
  return {
    ...{ topic, partitions, records },
    behind: lags.length === 0 ? null : Math.max(...lags),
    readBy: readers.map(({ stream }) => stream),
    writtenBy,
  };
}
