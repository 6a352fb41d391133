import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { snapshotStore } from '../../src/journal/snapshots.ts';
import { eventType } from '../../src/messages/codec.ts';
import { FIRST_SNAPSHOT_FINGERPRINT, FIRST_SNAPSHOT_SCHEMA } from '../../src/partition/first-snapshot.ts';
import { decodeSnapshot, encodeSnapshot, partitionSnapshotSchema } from '../../src/partition/snapshot.ts';

const FIXTURES = new URL('../fixtures/data-399f744/', import.meta.url);

/** A snapshot of each log that 399f744 left. */
async function snapshotsOf(data: string): Promise<Map<string, Uint8Array>> {
  const journal = new URL(`${data}/journal/`, FIXTURES).pathname;
  const store = snapshotStore(journal);
  const found = new Map<string, Uint8Array>();
  for (const log of readdirSync(journal)) {
    const snapshot = await store.latest(log);
    if (snapshot !== null) found.set(log, snapshot.body);
  }
  return found;
}

describe('a snapshot', () => {
  it.each(['demo', 'orders', 'kinds-http', 'kinds-run'])('of the first format, in %s, is read', async (data) => {
    const snapshots = await snapshotsOf(data);
    expect(snapshots.size).toBeGreaterThan(1);
    for (const [log, body] of snapshots) {
      const snapshot = decodeSnapshot(body);
      expect(snapshot, log).not.toBeNull();
      expect(Object.keys(snapshot?.positions ?? {}).length, log).toBeGreaterThan(0);
    }
  });

  it('of the first format is known by the fingerprint that it begins with', async () => {
    for (const body of (await snapshotsOf('demo')).values()) {
      expect(Buffer.from(body).toString('latin1', 0, 16)).toBe(FIRST_SNAPSHOT_FINGERPRINT);
    }
    expect(eventType(JSON.parse(FIRST_SNAPSHOT_SCHEMA)).fingerprint).toBe(FIRST_SNAPSHOT_FINGERPRINT);
  });

  it('of today is read as it was written', async () => {
    for (const body of (await snapshotsOf('kinds-http')).values()) {
      const snapshot = decodeSnapshot(body);
      if (snapshot === null) throw new Error('not read');
      expect(decodeSnapshot(encodeSnapshot(snapshot))).toEqual(snapshot);
    }
  });

  it('of a schema with fields that are gone, and without some that have come, is resolved', () => {
    const [positions, ...others] = partitionSnapshotSchema.fields;
    const older = {
      ...partitionSnapshotSchema,
      fields: [positions, { name: 'gone', type: 'string' }, ...others],
    } as const;
    const type = eventType(older);
    const snapshot = {
      positions: { http: 3 },
      gone: 'x',
      maxEventTimeMs: 1,
      sourceWatermarkMs: Number.NEGATIVE_INFINITY,
      watermarkMs: 1,
      isIdle: false,
      isFlushed: false,
      files: [],
      channels: [],
      windows: [],
      joined: [],
      cards: [],
      requests: [],
      requestsForgottenUpTo: 0,
    };
    const { gone: _, ...kept } = snapshot;
    expect(decodeSnapshot(withSchema(type.json, type.encodeBlock([snapshot]).bytes))).toMatchObject(kept);
  });

  it('of a schema that does not resolve is left alone', () => {
    const other = eventType({ type: 'record', name: 'PartitionSnapshot', fields: [{ name: 'x', type: 'int' }] });
    expect(decodeSnapshot(withSchema(other.json, other.encodeBlock([{ x: 1 }]).bytes))).toBeNull();
    expect(decodeSnapshot(Buffer.from('0123456789abcdef'))).toBeNull();
  });
});

function withSchema(json: string, block: Uint8Array): Uint8Array {
  const head = Buffer.alloc(6);
  head.write('S1', 'latin1');
  head.writeUInt32LE(Buffer.byteLength(json), 2);
  return Buffer.concat([head, Buffer.from(json), block]);
}
