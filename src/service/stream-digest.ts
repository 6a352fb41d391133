/**
 * One hash a derived stream, from the journal alone: a sum over its events, so that neither the partitions nor the
 * order between them show. `at` is left out, since it names the watermark of one partition.
 */
import { createHash } from 'node:crypto';
import { readFrames, startOfLog } from '../journal/reader.ts';
import { decodeCommit, type Section } from '../messages/commit.ts';
import type { Registry } from '../messages/registry.ts';
import { alertRaisedType, caseChangedType, sessionClosedType, transactionScoredType } from '../messages/types.ts';
import type { WindowResult, WindowValue } from '../messages/window-result.ts';
import type { WindowShape } from '../projections/duckdb-schema.ts';

export interface StreamDigest {
  readonly stream: string;
  readonly events: number;
  readonly hash: string;
}

/** Reads the logs from what is kept of them to these offsets. */
export function digestStreams(
  journalDir: string,
  registry: Registry,
  logs: readonly { readonly log: string; readonly toOffset: number }[],
  windows: readonly WindowShape[],
): StreamDigest[] {
  const sums = new Map<string, { events: number; sum: bigint }>();
  const spanning = new Map(windows.filter((shape) => shape.spansPartitions).map((shape) => [shape.name, shape]));
  // The newest revision of each part, by window, key, start and log.
  const parts = new Map<string, { readonly window: string; readonly results: Map<string, WindowResult> }>();

  const add = (stream: string, value: unknown): void => {
    const state = sums.get(stream) ?? { events: 0, sum: 0n };
    state.events += 1;
    state.sum += createHash('md5').update(JSON.stringify(value)).digest().readBigUInt64LE(0);
    sums.set(stream, state);
  };
  const addWindow = (window: string, result: WindowResult, log: string): void => {
    if (!spanning.has(window)) {
      add(window, { ...result, at: 0 });
      return;
    }
    const id = JSON.stringify([window, result.key, result.start]);
    const ofWindow = parts.get(id) ?? { window, results: new Map<string, WindowResult>() };
    ofWindow.results.set(log, result);
    parts.set(id, ofWindow);
  };
  const addSection = ({ fingerprint, bytes }: Section, log: string): void => {
    const window = registry.windowOf(fingerprint);
    if (window !== null) {
      for (const result of window.type.decodeBlock(bytes)) addWindow(window.window, result, log);
      return;
    }
    switch (registry.nameOf(fingerprint)) {
      case transactionScoredType.name:
        for (const score of registry.decodeAs(transactionScoredType, fingerprint, bytes)) add('fraud.scores', score);
        return;
      case sessionClosedType.name:
        for (const session of registry.decodeAs(sessionClosedType, fingerprint, bytes)) {
          add('fraud.sessions', { ...session, at: 0 });
        }
        return;
      case alertRaisedType.name:
        for (const alert of registry.decodeAs(alertRaisedType, fingerprint, bytes)) add('fraud.alerts', alert);
        return;
      case caseChangedType.name:
        for (const change of registry.decodeAs(caseChangedType, fingerprint, bytes)) add('fraud.cases', change);
        return;
    }
  };

  for (const { log, toOffset } of logs) {
    for (const frame of readFrames(journalDir, log, { fromOffset: startOfLog(journalDir, log), toOffset })) {
      for (const section of decodeCommit(frame.body).sections) addSection(section, log);
    }
  }
  for (const { window, results } of parts.values()) {
    const aggregates = spanning.get(window)?.aggregates ?? [];
    add(window, { ...[...results.values()].reduce((a, b) => mergeParts(aggregates, a, b)), at: 0 });
  }
  return [...sums]
    .map(([stream, { events, sum }]) => ({
      stream,
      events,
      hash: BigInt.asUintN(64, sum).toString(16).padStart(16, '0'),
    }))
    .sort((a, b) => a.stream.localeCompare(b.stream));
}

/** Two partitions' results of one window and key as one, with the aggregates in the order in which they are defined. */
function mergeParts(aggregates: WindowShape['aggregates'], a: WindowResult, b: WindowResult): WindowResult {
  const count = a.count + b.count;
  const merged: Record<string, WindowValue> = {};
  for (const { name, fn } of aggregates) {
    const left = a.aggregates[name];
    const right = b.aggregates[name];
    if (typeof left !== 'number' || typeof right !== 'number') merged[name] = left ?? right ?? null;
    else if (fn === 'min') merged[name] = Math.min(left, right);
    else if (fn === 'max') merged[name] = Math.max(left, right);
    else if (fn === 'avg') merged[name] = (left * a.count + right * b.count) / count;
    else merged[name] = left + right;
  }
  return { ...a, count, revision: Math.max(a.revision, b.revision), aggregates: merged };
}
