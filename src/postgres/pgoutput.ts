/**
 * Messages of the plugin pgoutput, protocol version 1: what a transaction did to the tables of a publication.
 *
 * https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
 */

/** A row as the server sends it: texts, null, or UNSENT for a large value that did not change. */
export type SentRow = readonly (string | null | typeof UNSENT)[];
export const UNSENT = Symbol('a large value that did not change');

export interface Relation {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly { readonly name: string; readonly oid: number }[];
}

export type Change =
  | { readonly kind: 'insert'; readonly relation: number; readonly row: SentRow }
  | {
      readonly kind: 'update';
      readonly relation: number;
      readonly row: SentRow;
      /** What the row was: all of it, or its key with nulls elsewhere; null where its key is the same. */
      readonly before: { readonly row: SentRow; readonly isWhole: boolean } | null;
    }
  | { readonly kind: 'delete'; readonly relation: number; readonly row: SentRow };

export type PgOutput =
  | Change
  /** `commitLsn` is where the transaction's commit will lie. */
  | { readonly kind: 'begin'; readonly commitLsn: number; readonly committedAtMs: number }
  | { readonly kind: 'commit'; readonly commitLsn: number; readonly endLsn: number }
  | { readonly kind: 'relation'; readonly id: number; readonly relation: Relation }
  | { readonly kind: 'truncate'; readonly relations: readonly number[] }
  /** Types, origins and messages of other programs. */
  | { readonly kind: 'other' };

/** 2000-01-01, from which PostgreSQL counts. */
const EPOCH_MS = Date.UTC(2000, 0, 1);

/** A place in the log of the server. Exact up to 2^53 bytes of log, 9 PB. */
export function lsnAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * 0x1_0000_0000 + bytes.readUInt32BE(at + 4);
}

export function lsnText(lsn: number): string {
  const high = Math.floor(lsn / 0x1_0000_0000);
  return `${high.toString(16)}/${(lsn % 0x1_0000_0000).toString(16)}`.toUpperCase();
}

/** Throws a RangeError for a message that ends too early. */
export function readPgOutput(bytes: Buffer): PgOutput {
  let at = 1;
  const byte = (): string => String.fromCharCode(bytes.readUInt8(at++));
  const int16 = (): number => {
    at += 2;
    return bytes.readUInt16BE(at - 2);
  };
  const int32 = (): number => {
    at += 4;
    return bytes.readUInt32BE(at - 4);
  };
  const lsn = (): number => {
    at += 8;
    return lsnAt(bytes, at - 8);
  };
  const name = (): string => {
    const end = bytes.indexOf(0, at);
    if (end === -1) throw new RangeError('a name without an end');
    const text = bytes.toString('utf8', at, end);
    at = end + 1;
    return text;
  };
  const row = (): SentRow =>
    Array.from({ length: int16() }, () => {
      const kind = byte();
      if (kind === 'n') return null;
      if (kind === 'u') return UNSENT;
      const length = int32();
      if (at + length > bytes.length) throw new RangeError('a value that is longer than its message');
      at += length;
      return bytes.toString('utf8', at - length, at);
    });

  switch (String.fromCharCode(bytes.readUInt8(0))) {
    case 'B': {
      const commitLsn = lsn();
      const micros = bytes.readBigInt64BE(at);
      return { kind: 'begin', commitLsn, committedAtMs: EPOCH_MS + Math.floor(Number(micros) / 1000) };
    }
    case 'C': {
      at += 1;
      return { kind: 'commit', commitLsn: lsn(), endLsn: lsn() };
    }
    case 'R': {
      const id = int32();
      const schema = name();
      const table = name();
      at += 1;
      const columns = Array.from({ length: int16() }, () => {
        at += 1;
        const column = { name: name(), oid: int32() };
        at += 4;
        return column;
      });
      // pg_catalog has no name here.
      return { kind: 'relation', id, relation: { schema: schema === '' ? 'pg_catalog' : schema, table, columns } };
    }
    case 'I': {
      const relation = int32();
      at += 1;
      return { kind: 'insert', relation, row: row() };
    }
    case 'U': {
      const relation = int32();
      const kind = byte();
      if (kind === 'N') return { kind: 'update', relation, row: row(), before: null };
      const before = { row: row(), isWhole: kind === 'O' };
      at += 1;
      return { kind: 'update', relation, row: row(), before };
    }
    case 'D': {
      const relation = int32();
      at += 1;
      return { kind: 'delete', relation, row: row() };
    }
    case 'T': {
      const count = int32();
      at += 1;
      return { kind: 'truncate', relations: Array.from({ length: count }, int32) };
    }
    default:
      return { kind: 'other' };
  }
}
