/** The Kafka cluster that sources and sinks are connected to. */
import { z } from 'zod';
import { type KafkaConnection, type KafkaSasl, SASL_MECHANISMS } from '../../kafka/connection.ts';
import { REDACTED, secret, url } from '../../keys/value-schema.ts';
import { section } from '../section.ts';

const schema = z
  .strictObject({
    brokers: z
      .array(
        z.string().regex(/^[^\s:/]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/, 'must be host:port, such as kafka-1:9092'),
      )
      .min(1)
      .describe('Some of the brokers; they name the others.'),
    clientId: z
      .string()
      .min(1)
      .max(200)
      .default('millrace')
      .describe('As brokers know this client in logs and quotas.'),
    ssl: z
      .union([
        z.boolean(),
        z.strictObject({
          ca: z
            .string()
            .min(1)
            .nullable()
            .default(null)
            .describe('PEM file of who signed the certificate of the brokers.'),
          cert: z.string().min(1).nullable().default(null).describe('PEM file of a certificate of one’s own.'),
          key: z.string().min(1).nullable().default(null).describe('PEM file of its key.'),
        }),
      ])
      .default(false)
      .describe('TLS; with `ca` where the certificate is signed by an authority of your own.'),
    sasl: z
      .strictObject({ mechanism: z.enum(SASL_MECHANISMS), username: z.string().min(1), password: secret })
      .nullable()
      .default(null)
      .describe('Who this client is. Better taken from the environment than written here.'),
    registry: z
      .strictObject({ url: url.describe('Of a schema registry with Confluent’s API; user and password may be in it.') })
      .nullable()
      .default(null),
  })
  .nullable()
  .default(null);

export const kafkaSection = section({
  key: 'kafka',
  schema,
  derive(raw, { report, resolve }): KafkaConnection | null {
    if (raw === null) return null;
    const { brokers, clientId, ssl, sasl, registry } = raw;
    const path = (file: string | null): string | null => (file === null ? null : resolve(file));
    if (typeof ssl === 'object' && (ssl.cert === null) !== (ssl.key === null)) {
      report(['kafka', 'ssl'], 'a certificate needs its key, and a key its certificate: write both');
    }
    const tls = typeof ssl === 'object' ? { ca: path(ssl.ca), cert: path(ssl.cert), key: path(ssl.key) } : null;
    const plainTls = ssl === true ? { ca: null, cert: null, key: null } : null;
    return { brokers, clientId, tls: tls ?? plainTls, sasl, registryUrl: registry === null ? null : registry.url };
  },
  print(connection) {
    if (connection === null) return null;
    const { brokers, clientId, tls, sasl, registryUrl } = connection;
    return { brokers, clientId, ssl: tls ?? false, sasl, registry: registryUrl === null ? null : { url: registryUrl } };
  },
  redact: (connection) =>
    connection === null
      ? null
      : { ...connection, sasl: redactedSasl(connection.sasl), registryUrl: originOnly(connection.registryUrl) },
});

function redactedSasl(sasl: KafkaSasl | null): KafkaSasl | null {
  return sasl === null ? null : { ...sasl, password: REDACTED };
}

/** A URL with a user and password is shown without these and without its query. */
function originOnly(registryUrl: string | null): string | null {
  if (registryUrl === null) return null;
  const { origin, pathname, username, password } = new URL(registryUrl);
  return username === '' && password === '' ? registryUrl : `${origin}${pathname}?${REDACTED}`;
}
