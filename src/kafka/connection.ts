/** How brokers are reached: addresses, TLS and credentials. */

export interface KafkaConnection {
  /** host:port, at least one. */
  readonly brokers: readonly string[];
  /** As brokers see this client in their logs and quotas. */
  readonly clientId: string;
  /** Null: without TLS. */
  readonly tls: KafkaTls | null;
  /** Null: without authentication. */
  readonly sasl: KafkaSasl | null;
  /** Of a schema registry; null: there is none. */
  readonly registryUrl: string | null;
}

/** Paths of PEM files; null: those that Node trusts, and no certificate of one's own. */
export interface KafkaTls {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
}

export const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

export interface KafkaSasl {
  readonly mechanism: (typeof SASL_MECHANISMS)[number];
  readonly username: string;
  readonly password: string;
}
