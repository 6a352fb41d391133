/** Where traces go, for whoever follows a request through several services. */
import { z } from 'zod';
import { REDACTED, secret, url } from '../../keys/value-schema.ts';
import { section } from '../section.ts';

export interface TracingConfig {
  readonly url: string;
  readonly sample: number;
  readonly headers: Readonly<Record<string, string>>;
}

export const tracingSection = section({
  key: 'tracing',
  schema: z
    .strictObject({
      otlp: url.describe("The receiver's address for traces over OTLP/HTTP, such as http://127.0.0.1:4318/v1/traces."),
      sample: z
        .number()
        .min(0)
        .max(1)
        .default(1)
        .describe('The share of requests without a trace of their own for which one begins. 0: only what brings one.'),
      headers: z.record(z.string().min(1), secret).default({}).describe('Of each request to the receiver.'),
    })
    .nullable()
    .default(null)
    .describe("Traces of requests, their commits and their alerts, by OpenTelemetry's packages: docs/operate.md."),
  derive: (raw): TracingConfig | null => raw && { url: raw.otlp, sample: raw.sample, headers: raw.headers },
  print: (tracing) => tracing && { otlp: tracing.url, sample: tracing.sample, headers: tracing.headers },
  redact: (tracing) =>
    tracing && {
      ...tracing,
      headers: Object.fromEntries(Object.keys(tracing.headers).map((name) => [name, REDACTED])),
    },
});
