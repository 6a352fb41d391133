/** What can't work is said in a sentence before the service starts, with an exit code that tells whose turn it is. */
import { beforeAll, describe, expect, it } from 'vitest';
import { millrace } from '../../integration/millrace.ts';
import { CA, ONE, SECRET } from './script.ts';
import { consume, ids, place } from './service.ts';
import { type Cluster, cluster, messagesOf, payments } from './topics.ts';

let kafka: Cluster;
let topic: string;
beforeAll(async () => {
  kafka = await cluster();
  topic = await kafka.topic('trouble', 4);
  await kafka.produce(topic, messagesOf(payments(0, 400), 4));
});

const user = (mechanism: string, name = 'millrace', password = SECRET): string =>
  `sasl: { mechanism: ${mechanism}, username: ${name}, password: ${password} }`;

describe('a cluster', () => {
  it.each(['plain', 'scram-sha-256', 'scram-sha-512'])(
    'lets in who authenticates by %s, over TLS',
    async (mechanism) => {
      const at = place({
        source: `{ topic: ${topic}, value: json, group: ${mechanism} }`,
        partitions: 4,
        kafka: `brokers: [${ONE.tls}], ssl: { ca: ${CA} }, ${user(mechanism)}`,
      });
      await consume(at, 400);
      expect(await ids(at.data)).toEqual({ n: 400, ids: 400 });
    },
  );

  const plain = `brokers: [${ONE.brokers}]`;
  it.each([
    ['nobody listens', 'brokers: ["127.0.0.1:1"]', '', 4, 69, /no Kafka broker answers at 127\.0\.0\.1:1/],
    ['the port is of TLS', `brokers: [${ONE.tls}]`, '', 4, 69, /no Kafka broker answers at/],
    ['the certificate is not known', `brokers: [${ONE.tls}], ssl: true`, '', 4, 69, /self.signed certificate/],
    [
      'the password is wrong',
      `brokers: [${ONE.sasl}], ${user('plain', 'millrace', 'wrong')}`,
      '',
      4,
      78,
      /refused the user or the password/,
    ],
    [
      'the password of SCRAM is wrong',
      `brokers: [${ONE.sasl}], ${user('scram-sha-256', 'millrace', 'wrong')}`,
      '',
      4,
      78,
      /refused the user or the password/,
    ],
    [
      'a right is missing',
      `brokers: [${ONE.sasl}], ${user('plain', 'guest')}`,
      '',
      4,
      78,
      /may not see it|an ACL is missing/,
    ],
    ['the topic is not there', plain, 'nowhere', 4, 78, /the cluster has no topic nowhere/],
    ['the stream has too few partitions', plain, '', 3, 78, /has 4 partitions and the stream 3.*Write `partitions: 4`/],
  ])('is not started on when %s', async (_, connection, name, partitions, code, message) => {
    const at = place({
      source: `{ topic: ${name === '' ? topic : name}, value: json }`,
      partitions,
      kafka: connection,
    });
    const ended = await millrace(['start', '--port', '0', '--config', at.config, '--data', at.data]);
    expect(ended.stderr).toMatch(message);
    expect(ended.stderr).not.toContain(SECRET);
    expect(ended.code).toBe(code);
  });
});
