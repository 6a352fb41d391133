/**
 * Derivations as versions noted them that had a field for each kind of operator. What was derived by them is derived
 * anew by what they come to now. Their input has no name of its own: the logs that it is read from tell it.
 */
import type { AvroRecord } from '../messages/avro.ts';
import { logPlace } from '../messages/log-name.ts';
import type { Derivation, DerivationInput } from '../partition/derivation.ts';
import type { OperatorSpec } from '../streams/operator-kind.ts';
import type { ViewSpec } from '../streams/selection.ts';
import type { WatermarkPolicy } from '../streams/watermark.ts';

interface EarlierInput {
  readonly schema: AvroRecord;
  readonly timeField: string;
  readonly watermark: WatermarkPolicy;
  readonly channels?: readonly string[];
}

export interface EarlierDerivation extends EarlierInput {
  readonly stream: string;
  readonly windows: readonly { readonly name: string }[];
  readonly selections?: readonly { readonly name: string }[];
  readonly fraud: object | null;
  readonly join?: {
    readonly spec: object;
    readonly leftKey: string;
    readonly leftOf?: ViewSpec;
    readonly right: EarlierInput & { readonly key: string; readonly of?: ViewSpec };
  };
}

export function derivationOfEarlier(earlier: EarlierDerivation): Derivation {
  const { stream, windows, selections = [], fraud, join } = earlier;
  const own = inputOf(stream, earlier);
  const plain = (kind: string, spec: { readonly name: string }): OperatorSpec => ({ kind, name: spec.name, spec });
  const single = [...windows.map((spec) => plain('window', spec)), ...selections.map((spec) => plain('derived', spec))];
  if (join === undefined) {
    const fraudSpec = fraud === null ? [] : [{ kind: 'fraud', name: 'fraud', spec: fraud }];
    return { stream, inputs: [own], operators: [...single, ...fraudSpec] };
  }
  const { spec, leftKey, leftOf, right } = join;
  const read = inputOf(stream, right);
  const sides = {
    left: { stream: own.stream, key: leftKey, ...(leftOf === undefined ? {} : { of: leftOf }) },
    right: { stream: read.stream, key: right.key, ...(right.of === undefined ? {} : { of: right.of }) },
  };
  const operator = { kind: 'join', name: stream, spec: { join: spec, ...sides } };
  return { stream, inputs: [own, read], operators: [operator, ...single], isRead: true };
}

function inputOf(stream: string, { schema, timeField, watermark, channels = [] }: EarlierInput): DerivationInput {
  const [log] = channels;
  const name = log === undefined ? stream : (logPlace(log)?.stream ?? log);
  return { stream: name, schema, timeField, watermark, channels };
}
