/** How the desk sends commands to partitions, and waits for their outcome. */
import type { Block } from '../../messages/block.ts';
import { operatorMessageType } from '../../messages/types.ts';
import type { Row } from '../../projections/store.ts';
import { createInternalSource } from '../../service/intake.ts';
import type { RunningStream } from '../../service/pipeline.ts';
import type { ServiceCore } from '../../service.ts';
import { FRAUD_STREAMS } from '../operator.ts';

/** The operator of the domain, as a partition calls it. */
const OPERATOR = 'fraud';
/** The source of commands in a log. */
export const DESK = 'desk';
const LOOK_EVERY_MS = 20;

export interface Post {
  /** The partitions that have the cases. */
  readonly home: RunningStream;
  /** Every stream and exchange of the pipeline. */
  readonly running: readonly RunningStream[];
  /** Resolves once the command is durable in the log of the partition. */
  tell(partition: number, command: Block): Promise<void>;
  /** Resolves once the read models have all that is durable now. */
  caughtUp(signal: AbortSignal | undefined): Promise<void>;
  rows(store: string, sql: string): Promise<readonly Row[]>;
}

/** Throws when the pipeline has no cases. */
export function createPost({ pipeline, readModels, platform }: ServiceCore): Post {
  const running = [...pipeline.streams.values(), ...pipeline.exchanges.map(({ stream }) => stream)];
  const home = running.find(({ outputs }) => outputs.has(FRAUD_STREAMS.cases));
  if (home === undefined) throw new Error('the pipeline has no section `fraud`, and so no cases and no scores');
  const source = createInternalSource(DESK, home.intake);
  return {
    home,
    running,
    tell(partition, { fingerprint, count, bytes }) {
      const block = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const message = operatorMessageType.encodeBlock([{ operator: OPERATOR, fingerprint, count, block }]);
      return source.write(partition, [message]);
    },
    async caughtUp(signal) {
      const marks = pipeline.units.map(({ log }) => ({ log: log.name, offset: log.durableOffset() }));
      while (!readModels.hasReached(marks)) {
        signal?.throwIfAborted();
        await platform.sleep(LOOK_EVERY_MS, signal);
      }
    },
    rows: (store, sql) => readModels.stores.of(store).read({ kind: 'query', sql }),
  };
}
