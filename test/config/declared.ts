/** The operators of a kind that a configuration declares, wherever they run. */
import type { Config } from '../../src/config/config.ts';
import { derivationOf } from '../../src/data-directory/derivations.ts';
import { exchangesOf } from '../../src/data-directory/exchanges.ts';
import type { OperatorSpec } from '../../src/streams/operator-kind.ts';

export function operatorsOf(config: Config, kind: string): OperatorSpec[] {
  const derivations = [
    ...config.streams.map((stream) => derivationOf(config, stream)),
    ...exchangesOf(config).map(({ derivation }) => derivation),
  ];
  return derivations.flatMap(({ operators }) => operators).filter((operator) => operator.kind === kind);
}
