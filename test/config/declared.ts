/** The operators of a kind that a configuration declares for the partitions of a stream. */
import type { Config } from '../../src/config/config.ts';
import { derivationOf } from '../../src/data-directory/derivations.ts';
import type { OperatorSpec } from '../../src/streams/operator-kind.ts';

export function operatorsOf(config: Config, stream: string, kind: string): OperatorSpec[] {
  const own = config.streams.filter(({ name }) => name === stream);
  return own.flatMap((each) => derivationOf(config, each).operators).filter((operator) => operator.kind === kind);
}
