/**
 * The common part of commands that talk to Kafka: the cluster of the pipeline file, and the exit code of its errors.
 */
import type { Config } from '../config/config.ts';
import { ConfigError } from '../config/config-error.ts';
import type { KafkaConnection } from '../kafka/connection.ts';
import { isOfKafka, troubleOf } from '../kafka/trouble.ts';
import { configFileOf, type OptionValues } from './command.ts';
import { DependencyError } from './exit.ts';

/** Throws a ConfigError where the file names none. */
export function clusterOf({ kafka }: Config, values: OptionValues): KafkaConnection {
  if (kafka !== null) return kafka;
  throw configError(values, 'kafka', 'is missing: write `kafka: { brokers: [host:9092] }`');
}

export function configError(values: OptionValues, path: string, message: string): ConfigError {
  return new ConfigError([{ file: configFileOf(values), line: null, column: null, path, message }]);
}

/** What to throw for an error of the client, and for any other one that error. */
export function clusterError(error: unknown, { brokers }: KafkaConnection, values: OptionValues): unknown {
  if (!isOfKafka(error)) return error;
  const { kind, message } = troubleOf(error, brokers);
  if (kind === 'down') return new DependencyError(message, error);
  return kind === 'refused' || kind === 'absent'
    ? configError(values, 'kafka', message)
    : new Error(message, { cause: error });
}
