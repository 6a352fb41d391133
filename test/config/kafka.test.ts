/** The section kafka, and topics as the source of a stream: how they are written, refused, printed and kept secret. */
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/config-error.ts';
import { parseConfig } from '../../src/config/load.ts';
import { printConfig } from '../../src/config/print.ts';

const stream = (source: string): string =>
  `streams:\n  t:\n    builtin: Transaction\n    key: customerId\n    eventTime: occurredAt\n    source: { kafka: ${source} }\n`;
const CLUSTER = 'kafka: { brokers: ["k-1:9092"], registry: { url: "https://me:pw@r.example" } }\n';

function problemsOf(text: string): string[] {
  try {
    parseConfig(text, 'p.yaml', {});
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

describe('a Kafka source', () => {
  it.each([
    ['{ topic: x }', ''],
    ['{ topics: [x, y], value: avro-registry, key: long, eventTime: "header:at", onLoss: skip, from: latest }', ''],
    ['{ pattern: "pay[.].*", eventTime: record, group: mine }', ''],
    ['{}', 'streams.t.source.kafka: name one of `topic: t`, `topics: [a, b]` and `pattern: "t.*"`'],
    [
      '{ topic: x, pattern: y }',
      'streams.t.source.kafka: name one of `topic: t`, `topics: [a, b]` and `pattern: "t.*"`',
    ],
    ['{ topic: x, topics: [x] }', 'streams.t.source.kafka.topics: names a topic twice'],
    ['{ pattern: "(" }', /^streams\.t\.source\.kafka\.pattern: is no regular expression: .*Unterminated group/],
    ['{ topic: "a b" }', /^streams\.t\.source\.kafka\.topic: a topic has letters, digits, dot/],
    [
      '{ topic: x, headers: { customerId: id } }',
      /^streams\.t\.source\.kafka\.headers\.customerId: a header is a text/,
    ],
    ['{ topic: x, headers: { nobody: id } }', /^streams\.t\.source\.kafka\.headers\.nobody: there is no field of Tran/],
    ['{ topic: x, eventTime: soon }', /^streams\.t\.source\.kafka\.eventTime: /],
    ['{ topic: x, repartition: true }', ''],
    ['{ topic: x, repartition: customerId }', /^streams\.t\.source\.kafka\.repartition: /],
    ['{ topic: x, value: protobuf }', /^streams\.t\.source\.kafka\.value: .*avro-registry/],
  ])('is %s: %s', (source, expected) => {
    const found = problemsOf(CLUSTER + stream(source));
    if (expected === '') expect(found).toEqual([]);
    else if (typeof expected === 'string') expect(found).toEqual([expected]);
    else expect(found).toEqual([expect.stringMatching(expected)]);
  });

  it('needs a cluster, and a registry where its values name schemas', () => {
    expect(problemsOf(stream('{ topic: x }'))).toEqual([
      'streams.t.source.kafka: needs a section `kafka: { brokers: [host:9092] }` at the top of the file',
    ]);
    expect(problemsOf(`kafka: { brokers: ["k:1"] }\n${stream('{ topic: x, value: avro-registry }')}`)).toEqual([
      'streams.t.source.kafka.value: needs `registry: { url: … }` in the section kafka',
    ]);
  });

  it('says where `repartition` stands, and that fraud then needs features', () => {
    const scattered = stream('{ topic: x, repartition: true }');
    expect(problemsOf(`${CLUSTER}${stream('{ topic: x }')}    repartition: true\n`)).toEqual([
      'streams.t.repartition: is a key of its source: `source: { kafka: { …, repartition: true } }`',
    ]);
    expect(problemsOf(`${CLUSTER}${scattered}fraud: { stream: t }\n`)).toEqual([
      expect.stringMatching(/^fraud\.stream: with `repartition: true` .* declare some, such as `features: /),
    ]);
    const features = 'features: { amount: { stream: t, select: { euros: amountCents / 100.0 } } }';
    expect(problemsOf(`${CLUSTER}${scattered}fraud: { stream: t }\n${features}\n`)).toEqual([]);
  });

  it('is printed as it was written, with its defaults', () => {
    const written = CLUSTER + stream('{ topics: [x], eventTime: "header:at", headers: {}, fetch: { wait: 50ms } }');
    const config = parseConfig(written, 'p.yaml', {});
    const printed = printConfig(config, { secrets: 'shown' });
    expect(parseConfig(printed, 'p.yaml', {})).toEqual(config);
  });
});

describe('the section kafka', () => {
  it.each([
    ['{ brokers: [] }', /^kafka\.brokers: /],
    ['{ brokers: [localhost] }', /^kafka\.brokers\.0: must be host:port/],
    ['{ brokers: ["http://k:9092"] }', /^kafka\.brokers\.0: must be host:port/],
    ['{ brokers: ["k:1"], ssl: { cert: c.pem } }', /^kafka\.ssl: a certificate needs its key/],
    ['{ brokers: ["k:1"], sasl: { mechanism: gssapi, username: u, password: p } }', /^kafka\.sasl\.mechanism: /],
  ])('refuses %s', (section, expected) => {
    expect(problemsOf(`kafka: ${section}\nstreams: {}\n`)).toEqual([expect.stringMatching(expected)]);
  });

  it('shows no password where secrets are redacted, and all of it where they are not', () => {
    const sasl = 'sasl: { mechanism: scram-sha-512, username: u, password: hunter2 }';
    const text = `kafka: { brokers: ["k:1"], ssl: { ca: ca.pem }, ${sasl}, registry: { url: "https://me:pw9@r" } }\nstreams: {}\n`;
    const config = parseConfig(text, 'p.yaml', {});
    expect(printConfig(config, { secrets: 'redacted' })).not.toMatch(/hunter2|pw9/);
    const shown = printConfig(config, { secrets: 'shown' });
    expect(shown).toMatch(/hunter2/);
    expect(parseConfig(shown, 'p.yaml', {})).toEqual(config);
  });
});
