/** Where alerts go. */
import { z } from 'zod';
import { formatDuration } from '../../keys/units.ts';
import { duration, name, REDACTED, timer, url } from '../../keys/value-schema.ts';
import { notYet, section } from '../section.ts';

export type SinkConfig =
  | { readonly kind: 'log'; readonly name: string }
  | {
      readonly kind: 'webhook';
      readonly name: string;
      readonly url: string;
      readonly timeoutMs: number;
      readonly giveUpAfterMs: number;
    };

const sink = z.union([
  z.strictObject({ log: z.strictObject({}).nullable() }),
  z.strictObject({
    webhook: z.strictObject({ url, timeout: timer.prefault('5s') }),
    giveUpAfter: duration
      .prefault('3d')
      .describe('An alert that the receiver has not taken by this age is a dead letter; `dlq replay` sends it again.'),
  }),
]);

export const sinksSection = section({
  key: 'sinks',
  schema: z.record(name, sink).default({}).describe('Where alerts go: { log: {} } or { webhook: { url } }.'),
  elsewhere: ['kafka', 'postgres', 'lake', 'parquet'].map((kind) => notYet(`sinks.*.${kind}`)),
  derive: (raw): readonly SinkConfig[] => Object.entries(raw).map(([each, written]) => sinkOf(each, written)),
  print: (sinks) => Object.fromEntries(sinks.map((each) => [each.name, printSink(each)])),
  redact: (sinks) => sinks.map((each) => (each.kind === 'webhook' ? { ...each, url: originOnly(each.url) } : each)),
});

function sinkOf(name: string, raw: z.output<typeof sink>): SinkConfig {
  if ('log' in raw) return { kind: 'log', name };
  return {
    kind: 'webhook',
    name,
    url: raw.webhook.url,
    timeoutMs: raw.webhook.timeout,
    giveUpAfterMs: raw.giveUpAfter,
  };
}

function printSink(sink: SinkConfig) {
  if (sink.kind === 'log') return { log: {} };
  const { url, timeoutMs, giveUpAfterMs } = sink;
  return { webhook: { url, timeout: formatDuration(timeoutMs) }, giveUpAfter: formatDuration(giveUpAfterMs) };
}

/** The path or query of a webhook is often its secret. */
function originOnly(url: string): string {
  const { origin, pathname, search, username, password } = new URL(url);
  return pathname === '/' && search === '' && username === '' && password === '' ? url : `${origin}/${REDACTED}`;
}
