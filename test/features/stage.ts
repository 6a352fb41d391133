/** A stage of features, driven by hand: events and labels in some order, with restarts, and what it gives. */
import { featureKind } from '../../src/features/feature-operator.ts';
import type { FeatureStage } from '../../src/features/feature-spec.ts';
import { vectorSchema } from '../../src/features/vector-type.ts';
import type { AvroRecord } from '../../src/messages/avro.ts';
import { type DynamicEvent, dynamicEventType } from '../../src/messages/codec.ts';
import type { DeadLetter, LateEvent } from '../../src/messages/streams.ts';
import { deadLetterType } from '../../src/messages/types.ts';
import type { Operator } from '../../src/streams/operator.ts';

const eventSchema = {
  type: 'record',
  name: 'Payment',
  namespace: 'test',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'card', type: 'string' },
    { name: 'shop', type: 'long' },
    { name: 'cents', type: ['null', 'double'] },
    { name: 'ts', type: { type: 'long', logicalType: 'timestamp-millis' } },
  ],
} as const satisfies AvroRecord;

const labelSchema = {
  type: 'record',
  name: 'Verdict',
  namespace: 'test',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'card', type: ['null', 'string'] },
    { name: 'isFraud', type: 'boolean' },
    { name: 'knownAt', type: { type: 'long', logicalType: 'timestamp-millis' } },
  ],
} as const satisfies AvroRecord;

export interface Payment {
  readonly id: number;
  readonly card: string;
  readonly shop: number;
  readonly cents: number | null;
  readonly ts: number;
}

export interface Verdict {
  readonly id: number;
  readonly card: string | null;
  readonly isFraud: boolean;
  readonly knownAt: number;
}

export type Input =
  | { readonly payment: Payment }
  | { readonly verdict: Verdict }
  | { readonly watermark: number }
  | { readonly restart: true };

export interface Given {
  readonly vectors: readonly DynamicEvent[];
  readonly late: readonly LateEvent[];
  readonly letters: readonly DeadLetter[];
}

const types = { payments: dynamicEventType(eventSchema), verdicts: dynamicEventType(labelSchema) };

/** Takes the output after each input, or only at the end. */
export function runStage(spec: Omit<FeatureStage, 'input' | 'timeField'>, inputs: readonly Input[]): Given {
  const inputStreams = [
    { stream: 'payments', schema: eventSchema },
    { stream: 'verdicts', schema: labelSchema },
  ];
  const stage = featureKind.of('payments.features', { input: 'payments', timeField: 'ts', ...spec });
  const prepared = featureKind.prepare(stage, { inputs: inputStreams, outputs: [] });
  const vectorType = dynamicEventType(
    vectorSchema('payments.features', eventSchema, { input: '', timeField: '', ...spec }),
  );
  const late: LateEvent[] = [];
  const vectors: DynamicEvent[] = [];
  const letters: DeadLetter[] = [];
  const open = (): Operator => prepared.open({ push: (event) => late.push(event) }, 0);
  let operator = open();
  let watermarkMs = Number.NEGATIVE_INFINITY;
  const take = (): void => {
    const [own, others] = operator.outputs;
    const block = own?.events.take() ?? null;
    if (block !== null) vectors.push(...vectorType.decodeBlock(block.bytes));
    const refused = others?.events.take() ?? null;
    if (refused !== null) letters.push(...deadLetterType.decodeBlock(refused.bytes));
  };
  for (const input of inputs) {
    if ('watermark' in input) {
      watermarkMs = input.watermark;
      operator.advance(watermarkMs);
    } else if ('restart' in input) {
      take();
      const saved = operator.snapshot();
      operator = open();
      operator.restore(saved);
    } else {
      const [stream, event, timeMs] =
        'payment' in input
          ? (['payments', input.payment, input.payment.ts] as const)
          : (['verdicts', input.verdict, input.verdict.knownAt] as const);
      const columns = types[stream].columns(types[stream].encodeBlock([{ ...event }]));
      operator.begin({ stream, columns, timesMs: Float64Array.of(timeMs), watermarkMs, at: null });
      operator.add(0);
    }
  }
  take();
  return { vectors, late, letters };
}

/** Everything, in the order of these times and numbers, each behind the watermark of the bound; then the end. */
export function arriving(
  drawn: readonly { readonly input: Input; readonly timeMs: number; readonly delayMs: number }[],
  boundMs: number,
): Input[] {
  const inOrder = drawn
    .map((one, i) => ({ ...one, at: one.timeMs + one.delayMs, i }))
    .sort((a, b) => a.at - b.at || a.i - b.i);
  let latestMs = Number.NEGATIVE_INFINITY;
  return [
    ...inOrder.flatMap(({ input, timeMs }): Input[] => {
      latestMs = Math.max(latestMs, timeMs);
      return [input, { watermark: latestMs - boundMs - 1 }];
    }),
    { watermark: latestMs + 1_000_000 },
  ];
}
