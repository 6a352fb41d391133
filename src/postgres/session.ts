/**
 * One connection to PostgreSQL. A value comes as a boolean or a number where JavaScript has it exactly, else as its text. What is asked has a time in which it must be answered, since a
 * connection that was cut without a word looks like a slow one; after that, and after any end of it, the session is dead.
 */
import { Socket } from 'node:net';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { addressOf, type PostgresConnection } from './settings.ts';

/** A row, by column. */
export type PgRow = Readonly<Record<string, string | number | boolean | null>>;

export interface PgSession {
  /** Rejects with a PostgresError. Without parameters it may be several statements, with some, or none of them, it is one. */
  rows(sql: string, parameters?: readonly unknown[]): Promise<PgRow[]>;
  /** Resolves with how many rows were changed. */
  run(sql: string, parameters?: readonly unknown[]): Promise<number>;
  /** A `COPY … FROM STDIN` with these bytes, whole. */
  copy(sql: string, bytes: readonly Uint8Array[]): Promise<void>;
  isDead(): boolean;
  close(): Promise<void>;
}

export class PostgresError extends Error {
  /** SQLSTATE, or a code of the system; empty for none. */
  readonly code: string;
  constructor(message: string, code: string) {
    super(message);
    this.name = 'PostgresError';
    this.code = code;
  }
}

/** Instants and floats as texts that are read alike on every server. */
export const OPTIONS =
  '-c timezone=UTC -c datestyle=ISO -c intervalstyle=iso_8601 -c extra_float_digits=1 -c bytea_output=hex';

const CONNECT_MS = 10_000;
const KEEP_ALIVE_MS = 10_000;
/** A statement of a transaction of the largest size takes some seconds; an index of a large table may take minutes. */
const ANSWER_MS = 60_000;
const LONG_ANSWER_MS = 30 * 60_000;

/** `application` is what the server's pg_stat_activity shows. Rejects with a PostgresError. */
export async function openSession(
  connection: PostgresConnection,
  application: string,
  answerMs = ANSWER_MS,
): Promise<PgSession> {
  const address = addressOf(connection);
  const at = `PostgreSQL at ${address.host}:${address.port}`;
  const socket = new Socket();
  const client = new pg.Client({
    ...address,
    stream: () => socket,
    application_name: application,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    options: OPTIONS,
    types: { getTypeParser: (oid: number) => (value: string) => parsed(oid, value) },
  });
  let dead: PostgresError | null = null;
  const die = (error: unknown): PostgresError => {
    dead ??= errorOf(error, at);
    socket.destroy();
    return dead;
  };
  // A backend that is killed says so twice; nobody listens to the second.
  client.on('error', die);
  client.on('end', () => die(new Error('the server closed the connection')));
  try {
    await client.connect();
  } catch (error) {
    throw die(error);
  }

  async function answered<T>(asked: Promise<T>, withinMs: number): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(die(new Error(`no answer within ${withinMs / 1000} s`))), withinMs);
    });
    try {
      return await Promise.race([asked, late]);
    } catch (error) {
      throw errorOf(dead ?? error, at);
    } finally {
      clearTimeout(timer);
    }
  }
  const timeFor = (sql: string): number => (/^\s*(ALTER|CREATE|DROP|TRUNCATE)/i.test(sql) ? LONG_ANSWER_MS : answerMs);
  const ask = (sql: string, parameters: readonly unknown[] | undefined) => {
    if (dead !== null) throw dead;
    const query = client.query({ text: sql, ...(parameters === undefined ? {} : oneStatement(parameters)) });
    return answered(query, timeFor(sql));
  };

  return {
    async rows(sql, parameters) {
      const { rows } = await ask(sql, parameters);
      return rows;
    },
    async run(sql, parameters) {
      const { rowCount } = await ask(sql, parameters);
      return rowCount ?? 0;
    },
    async copy(sql, bytes) {
      if (dead !== null) throw dead;
      const stream = client.query(copyFrom(sql));
      const done = new Promise<void>((resolve, reject) => {
        stream.once('finish', resolve);
        stream.once('error', reject);
      });
      for (const part of bytes) stream.write(part);
      stream.end();
      await answered(done, answerMs);
    },
    isDead: () => dead !== null,
    async close() {
      if (dead === null) await answered(client.end(), CONNECT_MS).catch(() => {});
      socket.destroy();
    },
  };
}

/** The extended protocol, which takes no second statement. */
function oneStatement(values: readonly unknown[]) {
  return { values: [...values], queryMode: 'extended' as const };
}

/** By the type's number in pg_type.dat: bool, int2, int4, oid, float4, float8, int8. */
function parsed(oid: number, value: string): string | number | boolean {
  if (oid === 16) return value === 't';
  if ([21, 23, 26, 700, 701].includes(oid)) return Number.isFinite(Number(value)) ? Number(value) : value;
  return oid === 20 && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** With where it was, what the server adds, and its code; a connection that can't be made says why. */
export function errorOf(error: unknown, at: string): PostgresError {
  if (error instanceof PostgresError) return error;
  if (error instanceof AggregateError && error.errors.length > 0) return errorOf(error.errors[0], at);
  const message = error instanceof Error ? error.message : String(error);
  const more = ['detail', 'hint'].flatMap((key) => wordOf(error, key) ?? []).map((word) => `. ${word}`);
  return new PostgresError(`${at}: ${message}${more.join('')}`, wordOf(error, 'code') ?? '');
}

function wordOf(error: unknown, key: string): string | null {
  if (typeof error !== 'object' || error === null) return null;
  const value: unknown = Object.getOwnPropertyDescriptor(error, key)?.value;
  return typeof value === 'string' && value !== '' ? value : null;
}
