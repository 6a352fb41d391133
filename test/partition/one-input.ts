/** The derivation of a stream of its own, by what it derives. */

import type { AnyFraudSpec } from '../../src/fraud/earlier.ts';
import { fraudKind } from '../../src/fraud/operator.ts';
import type { Derivation, DerivationInput } from '../../src/partition/derivation.ts';
import type { WindowSpec } from '../../src/streams/window-kind.ts';
import { windowKind } from '../../src/streams/window-operator.ts';

interface OneInput extends Pick<DerivationInput, 'schema' | 'timeField' | 'watermark'> {
  readonly stream?: string;
  readonly windows?: readonly WindowSpec[];
  readonly fraud?: AnyFraudSpec;
}

export function derivationOfOne({ stream = 'test', windows = [], fraud, ...input }: OneInput): Derivation {
  return {
    stream,
    inputs: [{ ...input, stream, channels: [] }],
    operators: [
      ...windows.map((window) => windowKind.of(window.name, window)),
      ...(fraud === undefined ? [] : [fraudKind.of('fraud', fraud)]),
    ],
  };
}
