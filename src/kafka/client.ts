/** The client of kafkajs. It is loaded only where there is a cluster to connect to. */
import { readFileSync } from 'node:fs';
import type { Kafka, KafkaConfig as KafkaJsConfig, SASLOptions } from 'kafkajs';
import { registerCodecs, unpackRecords } from './codecs.ts';
import type { KafkaConnection, KafkaSasl, KafkaTls } from './connection.ts';
import { replaceFetchReading } from './fetch-reading.ts';

let prepared: Promise<typeof import('kafkajs')> | null = null;

/** Prepared once in a process: what replaces a part of kafkajs wraps that part, and a second time would wrap the first. */
export async function loadKafkaJs(): Promise<typeof import('kafkajs')> {
  prepared ??= prepareKafkaJs();
  try {
    return await prepared;
  } catch (error) {
    prepared = null;
    throw error;
  }
}

async function prepareKafkaJs(): Promise<typeof import('kafkajs')> {
  replaceFetchReading(unpackRecords);
  const { default: kafkajs } = await import('kafkajs');
  registerCodecs(kafkajs.CompressionCodecs);
  // kafkajs says once in each process that its partitioner is another one than before 2.0.
  process.env.KAFKAJS_NO_PARTITIONER_WARNING = '1';
  return kafkajs;
}

/** Told of what kafkajs logs from a warning on; it names brokers, never a password. */
export type KafkaLog = (line: string) => void;

const CONNECTION_TIMEOUT_MS = 3000;
const REQUEST_TIMEOUT_MS = 30_000;
/** One round of tries takes about 5 s. Whoever uses the client begins another one, and says so meanwhile. */
const RETRY = { initialRetryTime: 100, maxRetryTime: 2000, retries: 5 };

/** Rejects when a file of the TLS settings can't be read. */
export async function kafkaClient({ brokers, clientId, tls, sasl }: KafkaConnection, log: KafkaLog): Promise<Kafka> {
  const { Kafka, logLevel } = await loadKafkaJs();
  const options: KafkaJsConfig = {
    brokers: [...brokers],
    clientId,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    authenticationTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    enforceRequestTimeout: true,
    retry: { ...RETRY, restartOnFailure: async () => false },
    logLevel: logLevel.WARN,
    logCreator:
      () =>
      ({ namespace, log: { message, error, broker } }) =>
        log([`${namespace}: ${message}`, broker, error].filter((part) => part !== undefined).join('; ')),
  };
  return new Kafka({
    ...options,
    ...(tls === null ? {} : { ssl: tlsOf(tls) }),
    ...(sasl === null ? {} : { sasl: saslOf(sasl) }),
  });
}

function tlsOf({ ca, cert, key }: KafkaTls) {
  return {
    ...(ca === null ? {} : { ca: [readFileSync(ca, 'utf8')] }),
    ...(cert === null ? {} : { cert: readFileSync(cert, 'utf8') }),
    ...(key === null ? {} : { key: readFileSync(key, 'utf8') }),
  };
}

/** kafkajs wants each mechanism as a type of its own. */
function saslOf({ mechanism, username, password }: KafkaSasl): SASLOptions {
  switch (mechanism) {
    case 'plain':
      return { mechanism: 'plain', username, password };
    case 'scram-sha-256':
      return { mechanism: 'scram-sha-256', username, password };
    case 'scram-sha-512':
      return { mechanism: 'scram-sha-512', username, password };
  }
}
