/** What is in a topic, as consumers other than kafkajs see it: kcat by librdkafka, and Java's console consumer. */
import { spawnSync } from 'node:child_process';
import { type KafkaScript, ONE } from './script.ts';

export interface Consumed {
  readonly partition: number;
  readonly key: string | null;
  /** Null: a tombstone. */
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** By librdkafka: what a consumer of committed records sees up to the end. */
export function committedRecords(topic: string, brokers: string = ONE.brokers): Consumed[] {
  const words = ['-C', '-b', brokers, '-t', topic, '-e', '-q', '-J', '-X', 'isolation.level=read_committed'];
  const { status, stdout, stderr } = spawnSync('kcat', words, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(`kcat ended with ${status}: ${stderr}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const { partition, key = null, payload, headers = [] } = JSON.parse(line);
      return { partition, key, value: payload, headers: pairs(headers) };
    });
}

/** By Java's own consumer, so many of them. */
export function consumedByJava(script: KafkaScript, topic: string, records: number): Consumed[] {
  const properties = ['key', 'partition', 'headers'].flatMap((each) => ['--formatter-property', `print.${each}=true`]);
  const stdout = script(
    'tool',
    'org.apache.kafka.tools.consumer.ConsoleConsumer',
    ...['--topic', topic, '--from-beginning', '--max-messages', String(records), '--timeout-ms', '20000'],
    ...['--isolation-level', 'read_committed', ...properties],
  );
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [partition = '', headers = '', key = '', value = ''] = line.split('\t');
      const flat = headers.split(',').flatMap((header) => header.split(/:(.*)/s).slice(0, 2));
      return {
        partition: Number(partition.replace('Partition:', '')),
        key: key === 'null' ? null : key,
        value: value === 'null' ? null : value,
        headers: pairs(flat),
      };
    });
}

function pairs(flat: readonly string[]): Record<string, string> {
  return Object.fromEntries(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1] ?? '']] : [])));
}
