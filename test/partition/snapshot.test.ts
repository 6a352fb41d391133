import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { snapshotStore } from '../../src/journal/snapshots.ts';
import { eventType } from '../../src/messages/codec.ts';
import { decodeSnapshot, encodeSnapshot } from '../../src/partition/snapshot.ts';
import { UnreadableStateError } from '../../src/streams/operator.ts';
import { recordsOf } from '../../src/streams/operator-state.ts';
import { windowStateSchema } from '../../src/streams/window-operator.ts';

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

  it('of today is read as it was written', async () => {
    for (const body of (await snapshotsOf('kinds-http')).values()) {
      const snapshot = decodeSnapshot(body);
      if (snapshot === null) throw new Error('not read');
      const again = decodeSnapshot(encodeSnapshot(snapshot));
      const { operators, ...state } = snapshot;
      expect(again).toMatchObject(state);
      expect(again?.operators.map(({ bytes }) => [...bytes])).toEqual(operators.map(({ bytes }) => [...bytes]));
      expect(again?.operators.map(({ kind, schema }) => [kind, schema])).toEqual(
        operators.map(({ kind, schema }) => [kind, schema]),
      );
    }
  });

  it('of the second format, whose fields were other ones, has the state of each operator by the schema it was written by', () => {
    const group = { key: 'k', times: [0], count: 2, revision: 0, reported: 0, numbers: [1], objects: [] };
    const groups = {
      type: 'array',
      items: {
        type: 'record',
        name: 'GroupState',
        fields: [
          { name: 'key', type: ['null', 'long', 'string'] },
          { name: 'times', type: { type: 'array', items: 'double' } },
          { name: 'count', type: 'long' },
          { name: 'revision', type: 'int' },
          { name: 'reported', type: 'long' },
          { name: 'numbers', type: { type: 'array', items: 'double' } },
          { name: 'objects', type: { type: 'array', items: 'string' } },
        ],
      },
    } as const;
    const window = {
      type: 'record',
      name: 'WindowState',
      fields: [
        { name: 'window', type: 'string' },
        { name: 'definition', type: 'string' },
        { name: 'watermarkMs', type: 'double' },
        { name: 'groups', type: groups },
      ],
    } as const;
    const channel = {
      type: 'record',
      name: 'ChannelState',
      fields: [
        { name: 'channel', type: 'string' },
        { name: 'maxEventTimeMs', type: 'double' },
        { name: 'sourceWatermarkMs', type: 'double' },
        { name: 'watermarkMs', type: 'double' },
        { name: 'isIdle', type: 'boolean' },
      ],
    } as const;
    const type = eventType({
      type: 'record',
      name: 'PartitionSnapshot',
      namespace: 'dev.millrace',
      fields: [
        { name: 'positions', type: { type: 'map', values: 'long' } },
        { name: 'gone', type: 'string' },
        { name: 'maxEventTimeMs', type: 'double' },
        { name: 'sourceWatermarkMs', type: 'double' },
        { name: 'watermarkMs', type: 'double' },
        { name: 'isIdle', type: 'boolean' },
        { name: 'channels', type: { type: 'array', items: channel } },
        { name: 'windows', type: { type: 'array', items: window } },
      ],
    });
    const head = { positions: { http: 3 }, maxEventTimeMs: 1, sourceWatermarkMs: -1, watermarkMs: 1, isIdle: false };
    const states = [{ window: 'w', definition: 'd', watermarkMs: 7, groups: [group] }];
    const block = type.encodeBlock([{ ...head, gone: 'x', channels: [], windows: states }]);
    const snapshot = decodeSnapshot(withSchema(type.json, block.bytes));
    expect(snapshot).toMatchObject({ ...head, files: [], requests: [], isFlushed: false });
    const [operator, ...others] = snapshot?.operators ?? [];
    expect([operator, others]).toMatchObject([{ kind: 'window', name: 'w', definition: 'd', count: 1 }, []]);
    const state = eventType(windowStateSchema);
    if (operator === undefined) throw new Error('not read');
    expect(recordsOf(state, 'd', operator)).toEqual([{ watermarkMs: 7, groups: [group] }]);
    expect(() => recordsOf(state, 'other', operator)).toThrow(UnreadableStateError);
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
