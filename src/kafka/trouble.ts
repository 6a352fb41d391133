/** What an error of kafkajs means to the people who run the service, and whether it may pass. */

/**
 * `down`: nobody answers as a broker; `refused`: who this client is, or what it asks, is not let in; `absent`: the cluster has
 * not what was asked for; `rejected`: it takes no such record, however often it is sent; `other`: anything else that brokers or the client say.
 */
export type TroubleKind = 'down' | 'refused' | 'absent' | 'rejected' | 'other';

export interface Trouble {
  readonly kind: TroubleKind;
  /** A sentence without its end. */
  readonly message: string;
}

const DOWN = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSBrokerNotFound',
  'KafkaJSNoBrokerAvailableError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSLockTimeout',
]);

const REFUSED: Readonly<Record<string, string>> = {
  TOPIC_AUTHORIZATION_FAILED: 'this user may not read or write the topic: an ACL is missing',
  GROUP_AUTHORIZATION_FAILED: 'this user may not use the consumer group: an ACL is missing',
  CLUSTER_AUTHORIZATION_FAILED: 'this user may not do that on the cluster: an ACL is missing',
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 'this user may not use the transactional id: an ACL is missing',
  SASL_AUTHENTICATION_FAILED: 'the user or the password is wrong',
  UNSUPPORTED_SASL_MECHANISM: 'the broker does not have this SASL mechanism',
};

/** Of a record or a batch of them. */
const REJECTED: Readonly<Record<string, string>> = {
  MESSAGE_TOO_LARGE: 'a batch is larger than the topic allows (max.message.bytes)',
  RECORD_LIST_TOO_LARGE: 'a batch is larger than a segment of the topic',
  INVALID_RECORD: 'the broker does not accept the record, as one without a key in a compacted topic',
  INVALID_TIMESTAMP: 'the timestamp of a record is out of the range that the topic allows',
  CORRUPT_MESSAGE: 'the broker does not accept the record, as one without a key in a compacted topic',
};

export function troubleOf(error: unknown, brokers: readonly string[]): Trouble {
  const causes = causesOf(error);
  const at = brokers.join(', ');
  for (const cause of causes) {
    const type = textOf(cause, 'type');
    const refused = REFUSED[type];
    if (refused !== undefined) return { kind: 'refused', message: `Kafka at ${at} refused: ${refused}` };
    const rejected = REJECTED[type];
    if (rejected !== undefined) return { kind: 'rejected', message: `Kafka at ${at} refused: ${rejected}` };
    if (cause.name === 'KafkaJSSASLAuthenticationError') {
      return { kind: 'refused', message: `Kafka at ${at} refused the user or the password: ${cause.message}` };
    }
    if (type === 'UNKNOWN_TOPIC_OR_PARTITION') {
      return { kind: 'absent', message: `Kafka at ${at} has no such topic or partition` };
    }
    if (type === 'INVALID_PRODUCER_EPOCH') {
      const why =
        'this process said nothing for longer than its time-out, or another one has begun under the transactional id';
      return { kind: 'other', message: `Kafka at ${at} has ended the transaction: ${why}` };
    }
    if (type === 'INCONSISTENT_GROUP_PROTOCOL') {
      const why =
        'its members assign partitions in another way. It is the group of another program; name one of its own';
      return { kind: 'refused', message: `Kafka at ${at} does not let this client into the group: ${why}` };
    }
  }
  const down = causes.find(({ name }) => DOWN.has(name));
  if (down !== undefined) return { kind: 'down', message: `no Kafka broker answers at ${at}: ${down.message}` };
  const last = causes.at(-1);
  return { kind: 'other', message: `Kafka at ${at}: ${last === undefined ? String(error) : last.message}` };
}

/** Whether an error is of the client or its brokers, and not of a mistake in this program. */
export function isOfKafka(error: unknown): boolean {
  return causesOf(error).some(({ name }) => name.startsWith('KafkaJS'));
}

function causesOf(error: unknown): Error[] {
  const causes: Error[] = [];
  for (let each = error; each instanceof Error && causes.length < 10; each = each.cause) causes.push(each);
  return causes;
}

function textOf(error: Error, field: 'type'): string {
  const value: unknown = field in error ? Reflect.get(error, field) : undefined;
  return typeof value === 'string' ? value : '';
}
