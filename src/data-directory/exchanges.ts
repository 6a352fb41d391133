/**
 * The exchanges that a configuration needs: for windows and operators keyed by another field than their stream's, for
 * operators of several inputs, for joins, and for windows and operators of what others give. An exchange keeps the
 * partitions that it began with, since its state lies by them. A data directory of a version before there were exchanges
 * goes on with the one log that took in everything, for the windows that it was begun for.
 */
import type { Config } from '../config/config.ts';
import { type Brought, type KnownExchanges, NO_EXCHANGES } from '../config/declared-operator.ts';
import type { PlacedOperator } from '../config/relations.ts';
import { isOwnKey, logOf, readBy, viewOf } from '../config/sections/relation.ts';
import type { SyncFs } from '../journal/sync-fs.ts';
import { logNamesOf } from '../messages/log-name.ts';
import type { Derivation, DerivationInput } from '../partition/derivation.ts';
import type { Exchange, ExchangeInput } from '../partition/exchange-route.ts';
import { inputChannelOf } from '../partition/input-channel.ts';
import { notedStreams } from './derivation-history.ts';
import { type Graph, graphOf, inputOf, isLogRead, specOf } from './derivations.ts';

export interface PlannedExchange {
  readonly exchange: Exchange;
  /** What the partitions of the exchange derive from its events. */
  readonly derivation: Derivation;
}

export function knownExchanges(dataDir: string, fs: SyncFs): KnownExchanges {
  const noted = notedStreams(dataDir, fs);
  return {
    partitionsOf: (name) => noted.get(name)?.logs.size,
    windowsOf: (name) => noted.get(name)?.derivation.operators.map((operator) => operator.name) ?? [],
  };
}

/** The exchanges of a pipeline. Each comes after those whose logs it reads. */
export function exchangesOf(config: Config, known: KnownExchanges = NO_EXCHANGES): PlannedExchange[] {
  const graph = graphOf(config, known);
  const planned = [...graph.operators].map(([log, operators]) => exchangeOf(log, operators, graph));
  return inOrder(
    planned.filter((each) => each !== null),
    graph,
  );
}

/** The exchange of these operators; null where none of them has its events brought. */
function exchangeOf(name: string, operators: readonly PlacedOperator[], graph: Graph): PlannedExchange | null {
  const first = operators.find(({ placing }) => placing.brings !== null);
  if (first === undefined) return null;
  const { placing } = first;
  const inputs = inputsOf(placing.brings ?? [], graph);
  const isRead = placing.saysHowFar === true || isLogRead(name, graph);
  return {
    exchange: { name, partitions: placing.partitions, inputs: inputs.exchange },
    derivation: {
      stream: name,
      inputs: inputs.derivation,
      operators: operators.map((each) => specOf(each, inputs.names, graph)),
      ...(isRead ? { isRead: true as const } : {}),
      ...(placing.sumsUp === true ? { sumsUp: true as const } : {}),
    },
  };
}

function inOrder(planned: readonly PlannedExchange[], { relations }: Graph): PlannedExchange[] {
  const ordered = new Set<PlannedExchange>();
  const visit = (each: PlannedExchange): void => {
    if (ordered.has(each)) return;
    const logs = each.exchange.inputs.map(({ stream }) => logOf(relations.named(stream)));
    for (const other of planned) if (logs.includes(other.exchange.name)) visit(other);
    ordered.add(each);
  };
  planned.forEach(visit);
  return [...ordered];
}

interface Inputs {
  readonly exchange: readonly ExchangeInput[];
  readonly derivation: readonly [DerivationInput, ...DerivationInput[]];
  /** How the partitions call the inputs that they read. */
  readonly names: readonly string[];
}

/**
 * The inputs of an exchange. Where a log has the events of several inputs, each input but the first has channels of its
 * own.
 */
function inputsOf(readings: readonly Brought[], { relations }: Graph): Inputs {
  const all = readings.map(({ relation, key, functions }, i) => {
    const read = readBy(relation);
    const { name, eventTime: timeField, timeLessMs, watermark } = read;
    const isOrdered =
      watermark.kind === 'bounded' && (watermark.idleTimeoutMs !== null || watermark.maxWaitMs !== undefined);
    const isFirst = readings.findIndex((other) => logOf(other.relation) === logOf(read)) === i;
    const isBeside = read.isBeside === true;
    const channel = isFirst || isBeside ? 0 : i;
    const of = viewOf(relation);
    const logs = logNamesOf(logOf(read), relations.named(name).partitions);
    const input: ExchangeInput = {
      stream: name,
      key,
      isTableKey: isOwnKey(relation, key),
      timeField,
      ...(timeLessMs === undefined ? {} : { timeLessMs }),
      ...(isOrdered ? { isOrdered } : {}),
      ...(of === undefined ? {} : { of }),
      ...(functions === undefined ? {} : { functions }),
      ...(channel === 0 ? {} : { channel }),
      ...(isBeside ? { isBeside } : {}),
    };
    const channels = logs.map((log) => inputChannelOf(log, channel));
    return { input, derivation: inputOf(read, channels, inputChannelOf(name, channel)) };
  });
  const [first, ...others] = all.map(({ derivation }) => derivation);
  if (first === undefined) throw new Error('An exchange has no input');
  return {
    exchange: all.map(({ input }) => input),
    derivation: [first, ...others],
    names: all.map(({ derivation }) => derivation.stream),
  };
}
