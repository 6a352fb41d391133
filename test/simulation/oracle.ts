/**
 * The oracle: reads the logs as they grow, from what a power cut would leave, and knows what must stand in them. It is
 * told nothing by the service but where the log is durable, and it outlives every process.
 */
import { crc32 } from 'node:zlib';
import { BUILTIN_TYPES } from '../../src/builtin-types.ts';
import type { Config } from '../../src/config/config.ts';
import { derivationOf } from '../../src/data-directory/derivations.ts';
import { exchangesOf } from '../../src/data-directory/exchanges.ts';
import { alertRaisedType, transactionType } from '../../src/fraud/types.ts';
import { type Frame, readFrames } from '../../src/journal/frame-reader.ts';
import { type Commit, decodeCommit, type Section } from '../../src/messages/commit.ts';
import { createRegistry } from '../../src/messages/registry.ts';
import {
  callCutOffType,
  deadLetterType,
  exchangedBlockType,
  sourceControlType,
  windowPartsType,
} from '../../src/messages/types.ts';
import type { Derivation } from '../../src/partition/derivation.ts';
import type { Exchange } from '../../src/partition/exchange-route.ts';
import { inputChannelOf } from '../../src/partition/input-channel.ts';
import { createFaultFree, type FaultFree } from './derivation.ts';
import { renamed } from './disk.ts';
import { givenLines, KEYS, readsWeb, without } from './given.ts';
import { blocksOf, type Input } from './input.ts';
import { createOperations, type Operations } from './operations.ts';
import { createResults, linesOf, type Results, typeOf } from './results.ts';
import { PAYMENTS, WEATHER, WEB } from './scenario.ts';
import { survivingFs } from './surviving-fs.ts';
import type { World } from './world.ts';

export const FEED = 'feed';

export interface Oracle {
  /** The log says that it is durable up to here. */
  durable(log: string, offset: number): void;
  /** A new process has recovered the log up to here. */
  recovered(log: string, offset: number): void;
  nextOffset(log: string): number;
  position(log: string, source: string): number;
  /** Alerts that are durable. */
  readonly alerts: ReadonlySet<string>;
  /** How often a transaction, by its id, or a dead letter, by its text, stands in the logs of a stream. */
  timesIn(stream: string, id: string): number;
  readonly operations: Operations;
  readonly results: Results;
  readonly counts: { inputs: number; deadLetters: number; commits: number };
}

interface LogState {
  nextOffset: number;
  readonly frames: { readonly offset: number; readonly count: number; readonly crc: number }[];
  readonly positions: Map<string, number>;
  /** Of the partitions of payments and web: each commit, and what of it the exchanges have to take in. */
  readonly given: { readonly endOffset: number; readonly sections: readonly Section[] }[];
  readonly faultFree: FaultFree | null;
}

/** Events that the oracle takes at a time: another cut than that of the service's batches. */
const PIECE = 7;

const UNCOUNTED: readonly string[] = [
  sourceControlType.fingerprint,
  exchangedBlockType.fingerprint,
  windowPartsType.fingerprint,
  callCutOffType.fingerprint,
];

/** A call that was given up is for the partition alone: no source brought it. */
function isGiven({ fingerprint }: Section): boolean {
  return fingerprint !== callCutOffType.fingerprint;
}

/** Null for a log of which nothing is derived. */
function derivationOfLog(config: Config, log: string): Derivation | null {
  const name = log.replace(/-\d+$/, '');
  const planned = exchangesOf(config).find(({ exchange }) => exchange.name === name);
  if (planned !== undefined) return planned.derivation;
  const stream = config.streams.find((candidate) => candidate.name === name);
  return stream === undefined || stream.name === WEATHER ? null : derivationOf(config, stream);
}

/** Names of the journal's directory that no process uses: a reader remembers where it stopped by name. */
const DURABLE = '/durable';
const RECOVERED = '/recovered';

export function createOracle(world: World, config: Config, input: Input): Oracle {
  const registry = createRegistry(BUILTIN_TYPES);
  const logs = new Map<string, LogState>();
  const alerts = new Set<string>();
  const times = new Map<string, number>();
  const weather = new Set<string>();
  const operations = createOperations(world);
  const results = createResults();
  const counts = { inputs: 0, deadLetters: 0, commits: 0 };
  const fs = survivingFs(world.disk, config.journal.durability);
  const durableLogs = renamed(fs, DURABLE);
  const exchanges = exchangesOf(config).map(({ exchange }) => exchange);
  /** Of web's events some come late, when a request is sent again: then results depend on how the logs interleave. */
  const isOfPayments = (name: string): boolean => exchanges.some((each) => each.name === name && !readsWeb(each));
  let recoveries = 0;

  function stateOf(log: string): LogState {
    let state = logs.get(log);
    if (state === undefined) {
      const derivation = derivationOfLog(config, log);
      const partition = Number(log.slice(log.lastIndexOf('-') + 1));
      const faultFree = derivation === null ? null : createFaultFree(derivation, partition, registry);
      state = { nextOffset: 0, frames: [], positions: new Map(), given: [], faultFree };
      logs.set(log, state);
    }
    return state;
  }

  /** Reads what is new; says so when it can't be read from what a power cut would leave. */
  function durable(log: string, offset: number): void {
    const state = stateOf(log);
    const range = { fromOffset: state.nextOffset, toOffset: offset };
    try {
      for (const frame of readFrames(`${DURABLE}/journal`, log, range, durableLogs)) take(log, state, frame);
    } catch (error) {
      world.broken('nothing is called durable before it is', `${log} up to ${offset}: ${String(error)}`);
    }
  }

  function take(log: string, state: LogState, frame: Frame): void {
    if (frame.offset !== state.nextOffset) {
      world.broken('commits are all or nothing', `${log}: a frame at ${frame.offset}, expected ${state.nextOffset}`);
      return;
    }
    state.nextOffset = frame.endOffset;
    state.frames.push({ offset: frame.offset, count: frame.count, crc: crc32(frame.body) });
    const commit = decodeCommit(frame.body);
    counts.commits += 1;
    const before = state.positions.get(commit.source) ?? 0;
    if (commit.next <= before) {
      world.broken('each input is in the log once', `${log}: ${commit.source} goes from ${before} to ${commit.next}`);
    }
    state.positions.set(commit.source, commit.next);
    const inputs = commit.sections.filter(({ role }) => role === 'input');
    if (commit.stream === PAYMENTS) {
      checkFeed(log, commit, before, inputs);
    }
    if (commit.stream === PAYMENTS || commit.stream === WEB)
      state.given.push({ endOffset: frame.endOffset, sections: inputs.filter(isGiven) });
    const exchange = exchanges.find(({ name }) => name === commit.stream);
    if (exchange !== undefined) checkExchanged(log, commit, before, inputs, exchange);
    if (state.faultFree !== null) checkDerived(log, commit, inputs, state.faultFree);
    if (commit.stream === WEATHER) checkWeather(log, inputs);
    if (commit.stream.startsWith('millrace.')) for (const section of inputs) operations.take(section);
  }

  function checkFeed(log: string, commit: Commit, from: number, inputs: readonly Section[]): void {
    const items = input.take(commit.partition, from, commit.next - from);
    const expected = linesOf(blocksOf(PAYMENTS, FEED, items).map((block) => ({ ...block, role: 'input' })));
    const actual = linesOf(inputs.filter(isGiven));
    if (expected.join('\n') === actual.join('\n')) return;
    world.broken('each input is in the log once', `${log}: positions ${from} to ${commit.next} hold other events`);
  }

  /** Of each commit of a stream's partition, a partition of an exchange takes what is for it, once and whole, by each input. */
  function checkExchanged(
    log: string,
    { source, next, partition }: Commit,
    from: number,
    inputs: readonly Section[],
    { inputs: reads, partitions }: Exchange,
  ): void {
    const given = stateOf(source).given.filter(({ endOffset }) => endOffset > from && endOffset <= next);
    const sums = inputs.filter(({ fingerprint }) => fingerprint === windowPartsType.fingerprint);
    const summed = sums.flatMap(({ bytes }) => windowPartsType.decodeBlock(bytes)).flatMap(({ parts }) => parts);
    const count = summed.reduce((sum, part) => sum + part.count, 0);
    const blocks = inputs
      .filter((section) => !sums.includes(section) && isGiven(section))
      .flatMap(({ bytes }) => exchangedBlockType.decodeBlock(bytes));
    const ofSource = reads.filter(({ stream }) => source.replace(/-\d+$/, '') === stream);
    const channels = ofSource.map(({ channel = 0 }) => inputChannelOf(source, channel));
    const isWhole = ofSource.every(({ key }, i) => {
      // Nothing of the scenario has a key of several.
      const keyed = { key: KEYS.find((own) => own === key) ?? null, partitions };
      const own = blocks.filter((block) => block.log === channels[i] && block.count > 0);
      const actual = linesOf(own.map(({ block, ...taken }) => ({ ...taken, bytes: block, role: 'input' })));
      const lines = given.flatMap(({ sections }) => givenLines(sections, keyed, partition)).sort();
      return without(lines, actual, count).join('\n') === actual.join('\n');
    });
    const isOfSource = blocks.every((block) => channels.includes(block.log));
    if (isWhole && isOfSource && given.at(-1)?.endOffset === next) return;
    world.broken('each input is in the log once', `${log}: ${source} from ${from} to ${next} is another`);
  }

  function checkDerived(log: string, commit: Commit, inputs: readonly Section[], faultFree: FaultFree): void {
    const expected: Section[] = [];
    for (const section of inputs) {
      const type = typeOf(section);
      const events = type.decodeBlock(section.bytes);
      for (let at = 0; at < events.length; at += PIECE) {
        expected.push(...faultFree.apply(type.encodeBlock(events.slice(at, at + PIECE))));
      }
      if (section.fingerprint === deadLetterType.fingerprint) {
        if (commit.stream === PAYMENTS) counts.deadLetters += section.count;
      } else if (!UNCOUNTED.includes(section.fingerprint)) counts.inputs += section.count;
      noteIds(commit.stream, section);
    }
    const actual = commit.sections.filter(({ role }) => role === 'derived');
    // How far the results have come is said once a commit, so it depends on the cut.
    const saidOf = (sections: readonly Section[]): string[] =>
      linesOf(sections.filter(({ fingerprint }) => fingerprint !== sourceControlType.fingerprint));
    const [wanted, got] = [saidOf(expected), saidOf(actual)];
    if (wanted.join('\n') !== got.join('\n')) {
      const missing = wanted.filter((line) => !got.includes(line));
      const extra = got.filter((line) => !wanted.includes(line));
      world.broken(
        'derived events are those of a run without faults',
        `${log}, the commit to ${commit.next}: missing ${missing.slice(0, 3).join(' ')}, extra ${extra.slice(0, 3).join(' ')}`,
      );
    }
    for (const { fingerprint, bytes } of actual) {
      if (fingerprint !== alertRaisedType.fingerprint) continue;
      for (const { alertId } of alertRaisedType.decodeBlock(bytes)) alerts.add(alertId);
    }
    if (commit.stream === PAYMENTS || isOfPayments(commit.stream)) results.add(actual);
  }

  function noteIds(stream: string, { bytes, fingerprint }: Section): void {
    const ids =
      fingerprint === deadLetterType.fingerprint
        ? deadLetterType.decodeBlock(bytes).map(({ raw }) => Buffer.from(raw).toString('utf8'))
        : fingerprint === transactionType.fingerprint
          ? transactionType.decodeBlock(bytes).map(({ transactionId }) => String(transactionId))
          : [];
    for (const id of ids) times.set(`${stream} ${id}`, (times.get(`${stream} ${id}`) ?? 0) + 1);
  }

  function checkWeather(log: string, inputs: readonly Section[]): void {
    for (const section of inputs) {
      for (const event of typeOf(section).decodeBlock(section.bytes)) {
        if (typeof event !== 'object' || event === null || !('place' in event && 'observedAt' in event)) continue;
        const id = `${event.place} ${event.observedAt}`;
        if (weather.has(id)) world.broken('each input is in the log once', `${log}: the hour ${id} came twice`);
        weather.add(id);
      }
    }
  }

  return {
    durable,
    recovered(log, offset) {
      const state = stateOf(log);
      if (offset < state.nextOffset) {
        world.broken(
          'no acknowledged event is lost',
          `${log} was durable to ${state.nextOffset} and recovers to ${offset}`,
        );
        return;
      }
      const prefix = `${RECOVERED}${recoveries++}`;
      const range = { fromOffset: 0, toOffset: state.nextOffset };
      let at = 0;
      for (const frame of readFrames(`${prefix}/journal`, log, range, renamed(fs, prefix))) {
        const known = state.frames[at++];
        if (known?.offset === frame.offset && known.crc === crc32(frame.body)) continue;
        world.broken('what is durable never changes', `${log}: the frame at ${frame.offset} is another one`);
        return;
      }
      durable(log, offset);
    },
    nextOffset: (log) => stateOf(log).nextOffset,
    position: (log, source) => stateOf(log).positions.get(source) ?? 0,
    alerts,
    timesIn: (stream, id) => times.get(`${stream} ${id}`) ?? 0,
    operations,
    results,
    counts,
  };
}
