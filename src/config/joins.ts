/** The joins of a file, against the schemas of their streams. */
import { valueTypeOf } from '../streams/field-type.ts';
import type { JoinSpec } from '../streams/join.ts';
import type { JoinConfig, StreamConfig } from './config.ts';
import { fieldOf, type Report, unknownName } from './names.ts';
import type { ConfigFile } from './schema.ts';
import { checkTumbling } from './windows.ts';

type RawJoin = ConfigFile['joins'][string];

/** Null when a stream of it does not exist, which makes everything else unknowable. */
export function joinOf(
  name: string,
  raw: RawJoin,
  streams: readonly StreamConfig[],
  report: Report,
): JoinConfig | null {
  const at = ['joins', name];
  const streamNamed = (key: string, stream: string): StreamConfig | null => {
    const found = streams.find((candidate) => candidate.name === stream);
    const known = streams.map((candidate) => candidate.name);
    if (found === undefined) report([...at, key], unknownName('stream', stream, known));
    return found ?? null;
  };
  const [rightKey, rightName] = 'table' in raw ? ['table', raw.table] : ['right', raw.right];
  const left = streamNamed('left', raw.left);
  const right = streamNamed(rightKey, rightName);
  if (left === null || right === null) return null;
  if (left === right) report([...at, rightKey], 'a stream is not joined with itself');
  const [leftType, rightType] = [left, right].map(keyTypeOf);
  if (leftType !== rightType) {
    const types = `${left.key} of ${left.name} is ${leftType} and ${right.key} of ${right.name} is ${rightType}`;
    report([...at, rightKey], `events match by the keys of their streams, but ${types}`);
  }
  if ('window' in raw) checkTumbling([...at, 'window'], raw.window, report);
  return { name, left: left.name, right: right.name, spec: specOf(raw) };
}

function specOf(raw: RawJoin): JoinSpec {
  const { type, grace: graceMs } = raw;
  if ('table' in raw) return { kind: 'table', type: raw.type, graceMs, historyMs: raw.history };
  if ('within' in raw) return { kind: 'interval', type, withinMs: raw.within, graceMs };
  return { kind: 'window', type, sizeMs: raw.window.tumbling, offsetMs: raw.window.offset, graceMs };
}

function keyTypeOf({ schema, key }: StreamConfig): string {
  const field = fieldOf(schema, key);
  return (field === undefined ? null : valueTypeOf(field)) ?? 'neither a number nor text';
}
