/**
 * A connection on which PostgreSQL streams what transactions did, and hears how far we have it. Frames wait in memory up to
 * a bound; beyond it the server waits.
 *
 * https://www.postgresql.org/docs/current/protocol-replication.html
 */
import { Socket } from 'node:net';
import pg from 'pg';
import { quotedName, quotedText } from '../sql-quotes.ts';
import { lsnAt, lsnText } from './pgoutput.ts';
import { errorOf, OPTIONS, PostgresError } from './session.ts';
import { addressOf, type PostgresConnection } from './settings.ts';

export type Frame =
  | { readonly kind: 'data'; readonly message: Buffer }
  /** The server has nothing more before `endLsn`. */
  | { readonly kind: 'alive'; readonly endLsn: number };

export interface Replication {
  /** Makes a slot. Resolves with the snapshot as of which its changes begin, which lasts until `start` or `close`. */
  createSlot(slot: string): Promise<string>;
  /** Begins to stream, behind what was confirmed before. */
  start(slot: string, publication: string): void;
  /** What has come, at least one frame. Rejects with a PostgresError once the connection is dead. */
  read(): Promise<readonly Frame[]>;
  /** The server need not keep what is before it. It is told now and then, and when it asks. */
  confirm(lsn: number): void;
  close(): Promise<void>;
}

const CONNECT_MS = 10_000;
const STATUS_MS = 5000;
/** The server speaks twice in its wal_sender_timeout, a minute by default. */
const SILENT_MS = 120_000;
const WAITING_BYTES = 4 * 1024 * 1024;

/** Rejects with a PostgresError. */
export async function openReplication(connection: PostgresConnection, application: string): Promise<Replication> {
  const address = addressOf(connection);
  const at = `PostgreSQL at ${address.host}:${address.port}`;
  const socket = new Socket();
  // Of the protocol of replication, which @types/pg does not know.
  const settings = { replication: 'database', stream: () => socket };
  const client = new pg.Client({
    ...address,
    ...settings,
    application_name: application,
    connectionTimeoutMillis: CONNECT_MS,
    options: OPTIONS,
  });
  let frames: Frame[] = [];
  let bytes = 0;
  let dead: PostgresError | null = null;
  let streaming: pg.Connection | null = null;
  let confirmed = 0;
  let heardAtMs = performance.now();
  let wake = (): void => {};

  const die = (error: unknown): PostgresError => {
    dead ??= errorOf(error, at);
    socket.destroy();
    wake();
    return dead;
  };
  client.on('error', die);
  client.on('end', () => die(new Error('the server closed the connection')));
  try {
    await client.connect();
  } catch (error) {
    throw die(error);
  }

  /** https://www.postgresql.org/docs/current/protocol-replication.html, Standby status update (F) */
  function tell(): void {
    if (streaming === null || dead !== null) return;
    const message = Buffer.alloc(5 + 34);
    message.write('d', 0);
    message.writeInt32BE(4 + 34, 1);
    message.write('r', 5);
    for (const [i, lsn] of [confirmed, confirmed, confirmed].entries()) {
      message.writeUInt32BE(Math.floor(lsn / 0x1_0000_0000), 6 + 8 * i);
      message.writeUInt32BE(lsn % 0x1_0000_0000, 10 + 8 * i);
    }
    streaming.stream.write(message);
  }

  function took(chunk: Buffer): void {
    heardAtMs = performance.now();
    const kind = String.fromCharCode(chunk.readUInt8(0));
    // The parser of pg reads the next bytes into the same memory.
    if (kind === 'w') frames.push({ kind: 'data', message: Buffer.from(chunk.subarray(25)) });
    if (kind === 'k') {
      frames.push({ kind: 'alive', endLsn: lsnAt(chunk, 1) });
      if (chunk.readUInt8(17) === 1) tell();
    }
    bytes += chunk.length;
    if (bytes > WAITING_BYTES) streaming?.stream.pause();
    wake();
  }

  const beat = setInterval(() => {
    tell();
    if (streaming !== null && !streaming.stream.isPaused() && performance.now() - heardAtMs > SILENT_MS) {
      die(new Error(`was silent for ${SILENT_MS / 1000} s`));
    }
  }, STATUS_MS);
  beat.unref();

  return {
    async createSlot(slot) {
      try {
        const { rows } = await client.query(`CREATE_REPLICATION_SLOT ${quotedName(slot)} LOGICAL pgoutput`);
        return String(rows[0]?.snapshot_name);
      } catch (error) {
        throw errorOf(dead ?? error, at);
      }
    },
    start(slot, publication) {
      const query = {
        submit(on: pg.Connection): void {
          streaming = on;
          on.query(
            `START_REPLICATION SLOT ${quotedName(slot)} LOGICAL ${lsnText(0)} (proto_version '1', publication_names ${quotedText(quotedName(publication))})`,
          );
        },
        handleCopyData: ({ chunk }: { readonly chunk: Buffer }): void => took(chunk),
        handleError: (error: Error): void => void die(error),
        handleCommandComplete: (): void => void die(new Error('the server ended the replication')),
        handleReadyForQuery: (): void => {},
      };
      client.query(query);
    },
    async read() {
      while (frames.length === 0) {
        if (dead !== null) throw dead;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      const taken = frames;
      frames = [];
      bytes = 0;
      streaming?.stream.resume();
      return taken;
    },
    confirm(lsn) {
      confirmed = Math.max(confirmed, lsn);
    },
    async close() {
      clearInterval(beat);
      if (dead === null) tell();
      dead ??= new PostgresError(`${at}: closed`, '');
      wake();
      await client.end().catch(() => {});
      socket.destroy();
    },
  };
}
