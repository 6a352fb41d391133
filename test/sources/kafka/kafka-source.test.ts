/** The source of Kafka keeps the contract of sources, on a cluster that rebalances and strays: no broker is needed for that. */
import { transactionSchema } from '../../../src/fraud/schemas.ts';
import { simulateDays } from '../../../src/fraud/simulator.ts';
import { transactionType } from '../../../src/fraud/types.ts';
import { STANDARD_FORMAT } from '../../../src/messages/stream-format.ts';
import { createKafkaSource } from '../../../src/sources/kafka/kafka-source.ts';
import { createRecordBlocks } from '../../../src/sources/kafka/record-blocks.ts';
import type { Batch } from '../../../src/sources/source.ts';
import { partitionOf } from '../../../src/streams/partitioner.ts';
import { nextTurn } from '../journaled-partitions.ts';
import { type SourceSubject, sourceContract } from '../source-contract.ts';
import { kafkaSettings } from './kafka-settings.ts';
import { scriptedCluster } from './scripted-cluster.ts';

const PARTITIONS = 3;
const DAYS = [...simulateDays({ seed: 5, customers: 15, terminals: 40, startAt: Date.UTC(2021, 0, 1), days: 4 })];
const payments = DAYS.flatMap(({ transactions }) => transactions);
const byPartition = Array.from({ length: PARTITIONS }, (_, partition) =>
  payments.filter(({ customerId }) => partitionOf(customerId, PARTITIONS) === partition),
);
const lineOf = (event: object): string => JSON.stringify(event);

const stream = {
  name: 'payments',
  schema: transactionSchema,
  key: 'customerId',
  eventTime: 'occurredAt',
  partitions: PARTITIONS,
  format: STANDARD_FORMAT,
  kafka: null,
};

function subject(oddly: number): SourceSubject {
  let seed = 7;
  const chance = (): number => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return seed / 2 ** 31;
  };
  const cluster = scriptedCluster({
    topic: 't',
    records: byPartition.map((own) =>
      own.map((event, offset) => ({
        offset,
        timestamp: event.occurredAt,
        key: Buffer.from(String(event.customerId)),
        value: transactionType.encode(event),
      })),
    ),
    batchSize: () => 1 + Math.floor(chance() * 9),
    rebalances: () => chance() < oddly / 4,
    strays: () => chance() < oddly,
  });
  return {
    partitions: PARTITIONS,
    expected: byPartition.map((own) => own.map(lineOf)),
    linesOf: ({ blocks }: Batch) =>
      blocks.flatMap(({ fingerprint, bytes }) =>
        fingerprint === transactionType.fingerprint ? transactionType.decodeBlock(bytes).map(lineOf) : [],
      ),
    start() {
      let now = 0;
      const source = createKafkaSource({
        settings: kafkaSettings,
        groupId: 'g',
        brokers: ['scripted'],
        owner: 3,
        blocks: createRecordBlocks(stream, kafkaSettings),
        schemas: async () => new Map(),
        connect: cluster.connect,
        nowMs: () => now,
        async sleep(ms) {
          now += ms;
          await nextTurn();
        },
        log() {},
      });
      const isRead = (): boolean => {
        const { inputs = [] } = source.status?.() ?? {};
        const read = inputs.filter(({ next, partition }) => next === byPartition[partition]?.length);
        return read.length === PARTITIONS;
      };
      return {
        name: source.name,
        // It waits for more at the end, as a topic has none.
        async run(intake, signal) {
          const end = new AbortController();
          const abort = (): void => end.abort(signal.reason);
          signal.addEventListener('abort', abort);
          let isOver = signal.aborted;
          if (isOver) end.abort(signal.reason);
          const run = source.run(intake, end.signal).finally(() => {
            isOver = true;
          });
          run.catch(() => {});
          while (!isOver && !isRead()) await nextTurn();
          end.abort();
          signal.removeEventListener('abort', abort);
          await run;
        },
      };
    },
  };
}

sourceContract('A source of Kafka', () => subject(0), 15);
sourceContract('A source of Kafka whose member is given other partitions and other fetches', () => subject(0.1), 15);
