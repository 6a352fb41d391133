/**
 * The sinks, each a supervised child with a cursor of its own in the journal. A sink reads on as its receiver takes events,
 * so a slow sink slows nothing but itself. After a restart a sink goes on from its position.
 */
import type { Outcome } from '../actors/courier.ts';
import { DEFAULT_QUEUE_BOUND, type DeliveryPorts, deliveryMachine } from '../actors/delivery.ts';
import { DEFAULT_DELIVERY_POLICY, type DeliveryPolicy } from '../actors/delivery-policy.ts';
import type { Pending } from '../actors/delivery-queue.ts';
import { type ChildContext, type RunningChild, startSupervised } from '../actors/supervised.ts';
import type { ChildSpec } from '../actors/supervisor.ts';
import type { SinkConfig } from '../config/sections/sinks.ts';
import type { Block } from '../messages/block.ts';
import type { SinkPosition } from '../messages/sink-facts.ts';
import { alertDeliveryType, sinkDeliveryType } from '../messages/types.ts';
import type { ServiceCore } from '../service.ts';
import { SINKS } from '../sinks/adapters.ts';
import type { Sink } from '../sinks/sink.ts';
import { ALERT_STREAMS, ALERTS } from '../tables.ts';
import { sinkActor, sinkKind } from './sink-actor.ts';
import { createSinkEvents } from './sink-events.ts';
import { sinkHost } from './sink-host.ts';
import { foldOutcomes, noOutcomes } from './sink-outcomes.ts';
import { sinkRefusals } from './sink-refusals.ts';
import { openSinkTail, placeOf } from './sink-tail.ts';

/** How often a position is written down while the sink delivers, and while it only passes events of others. */
const SAVE_EVERY_MS = 1000;
const PASS_EVERY_MS = 30_000;
/** The most that one read of the journal hands over. */
const READ_BYTES = 4 * 1024 * 1024;

export function sinkChildren(core: ServiceCore): ChildSpec[] {
  const { sinks } = core.config;
  core.sinkPositions.keepOnly(sinks.map(({ name }) => name));
  // The ends are read now, before anything is taken in: later events are for a sink that is new.
  const first = sinks
    .filter(({ name }) => core.sinkPositions.of(name) === null)
    .map((config) => firstPosition(core, config));
  for (const position of first) core.sinkPositions.save(position).catch(() => {});
  const journalEnds = new Map(core.pipeline.units.map(({ log }) => [log.name, log.durableOffset()] as const));
  return sinks.map((config) =>
    sinkChild(
      core,
      config,
      first.find(({ sink }) => sink === config.name),
      journalEnds,
    ),
  );
}

function policyOf(config: SinkConfig, { restMs = DEFAULT_DELIVERY_POLICY.breakerMs }: Sink): DeliveryPolicy {
  const { giveUpAfterMs = DEFAULT_DELIVERY_POLICY.giveUpAfterMs } = config;
  const maxBackoffMs = Math.min(DEFAULT_DELIVERY_POLICY.maxBackoffMs, restMs);
  return { ...DEFAULT_DELIVERY_POLICY, giveUpAfterMs, breakerMs: restMs, maxBackoffMs };
}

function sinkOf(config: SinkConfig, core: ServiceCore, journalEnds: ReadonlyMap<string, number>): Sink {
  const host = sinkHost(config, core.config, core.logger, core.platform, journalEnds);
  for (const adapter of SINKS) {
    const sink = adapter.open(config, host);
    if (sink !== null) return core.tracedCommits?.sink(sink) ?? sink;
  }
  throw new Error(`No sink is of the kind ${config.kind}`);
}

function sinkChild(
  core: ServiceCore,
  config: SinkConfig,
  first: SinkPosition | undefined,
  journalEnds: ReadonlyMap<string, number>,
): ChildSpec {
  /** Outlives a restart of the sink, since an outcome may be on its way to the log. */
  const recording: Recording = { last: Promise.resolve(), inFlight: 0 };
  return {
    id: sinkActor(config),
    kind: sinkKind(config),
    start: (context) => startSink(core, config, sinkOf(config, core, journalEnds), first ?? null, recording, context),
  };
}

interface Recording {
  last: Promise<void>;
  inFlight: number;
}

async function startSink(
  core: ServiceCore,
  config: SinkConfig,
  sink: Sink,
  first: SinkPosition | null,
  recording: Recording,
  context: ChildContext,
): Promise<RunningChild> {
  const { pipeline, observer, supervision, sinkPositions, platform, logger } = core;
  const { name } = config;
  await recording.last.catch(() => {});
  const begun = sinkPositions.of(name) ?? first ?? firstPosition(core, config);
  // A new sink sends nothing before its first position is written down.
  if (sinkPositions.of(name) === null) await sinkPositions.save(begun);
  const refusals = sinkRefusals(name, logger);
  const outcomes = noOutcomes();
  let outcomesRead = await foldOutcomes(pipeline, name, begun.outcomesFrom, outcomes);
  let outcomesFrom = begun.outcomesFrom;
  const tail = await openSinkTail({
    pipeline,
    events: createSinkEvents(config.from, pipeline.registry, pipeline.streams, sink),
    position: begun,
    isDone: ({ event }, newFrom) =>
      (event.offset < newFrom && event.stream !== ALERTS) ||
      outcomes.settled.has(event.id) ||
      outcomes.settled.has(placeOf(event)),
    onLost: (log, fromOffset, toOffset) =>
      logger.error(
        { sink: name, log, fromOffset, toOffset },
        'events that the sink had not got are gone from the journal',
      ),
  });
  for (const held of outcomes.requeued.values()) tail.hold(held);

  let isOver = false;
  let hasRoom = true;
  let isReading = false;
  let isDue = false;
  let isDueAgain = false;
  let changedAt: number | null = null;
  let savedAt = platform.nowMs();
  let stops: readonly (() => void)[] = [];

  function over(): void {
    if (isOver) return;
    isOver = true;
    for (const stop of stops) stop();
    // The sink's connections may take a while to end, and nobody waits for that.
    sink.close?.().catch(() => {});
  }
  function fail(error: Error): void {
    if (isOver) return;
    over();
    actor.child.kill();
    context.failed(error);
  }
  function wake(): void {
    if (isDue || isOver) return;
    isDue = true;
    platform.later(() => {
      isDue = false;
      if (isReading) isDueAgain = true;
      else if (hasRoom && !isOver) pump().catch(fail);
    });
  }
  async function pump(): Promise<void> {
    isReading = true;
    try {
      await requeue();
      const bound = Math.max(DEFAULT_QUEUE_BOUND, sink.batch.events);
      const events = await tail.read({ events: bound, bytes: READ_BYTES });
      if (isOver || events.length === 0) return;
      hasRoom = false;
      const taken = (): void => {
        hasRoom = true;
        wake();
      };
      actor.send({ type: 'EVENTS', events: events.map(aged), taken });
    } finally {
      isReading = false;
      if (isDueAgain) wake();
      isDueAgain = false;
    }
  }
  /** The age of an alert counts from when it was last asked for again, also where its held place does not say so yet. */
  function aged(pending: Pending): Pending {
    const since = outcomes.alertsSince.get(pending.event.id);
    return since === undefined ? pending : { ...pending, sinceMs: Math.max(pending.sinceMs, since) };
  }
  async function requeue(): Promise<void> {
    const isBehind = !tail.hasCaughtUp();
    const fresh = isBehind ? outcomes : noOutcomes();
    if (!isBehind) {
      outcomes.settled.clear();
      outcomes.alertsSince.clear();
    }
    outcomesRead = await foldOutcomes(pipeline, name, outcomesRead, fresh);
    for (const held of fresh.requeued.values()) tail.hold(held);
    fresh.requeued.clear();
  }

  const ports: DeliveryPorts = {
    sink,
    async settle(outcome) {
      const blocks = blocksOf(outcome, name, platform.nowMs());
      recording.inFlight += 1;
      try {
        if (blocks.length > 0) {
          recording.last = core.operations.write(0, blocks);
          await recording.last;
        }
        tail.settle(outcome.events);
      } finally {
        recording.inFlight -= 1;
      }
      changedAt ??= platform.nowMs();
      if (outcome.kind !== 'delivered') return;
      observer.delivered(name, outcome.events.length);
      refusals.delivered();
    },
    heldBack: ({ event: { log, offset }, sinceMs }) => tail.hold({ log, offset, since: sinceMs }),
    refused: refusals.refused,
    nowMs: supervision.nowMs,
    random: supervision.random,
  };

  /** The position to write down. Outcomes that were recorded and are not in it yet will be read again. */
  function positionNow(): SinkPosition {
    if (recording.inFlight === 0 && tail.hasCaughtUp()) outcomesFrom = outcomesRead;
    return { sink: name, outcomesFrom, ...tail.position() };
  }
  async function save(): Promise<void> {
    changedAt = null;
    savedAt = platform.nowMs();
    await sinkPositions.save(positionNow());
  }
  function saveWhenDue(): void {
    const now = platform.nowMs();
    if (changedAt === null && now - savedAt < PASS_EVERY_MS) return;
    save().catch(fail);
  }

  const actor = startSupervised(
    deliveryMachine,
    { ports, policy: policyOf(config, sink), queueBound: Math.max(DEFAULT_QUEUE_BOUND, sink.batch.events) },
    {
      ...context,
      failed(error) {
        over();
        context.failed(error);
      },
      // The supervisor hears of the end only once the position is written too.
      stopped: over,
    },
  );
  stops = [
    ...pipeline.units.map(({ log }) => log.onDurable(wake)),
    observer.onCommitted((log, { firstOffset, commit }) => tail.passed(log, firstOffset, commit)),
    observer.watchSink(name, { lag: tail.lag, problem: refusals.problem }),
    platform.every(SAVE_EVERY_MS, saveWhenDue),
  ];
  wake();
  return {
    ...actor.child,
    async drain() {
      await actor.child.drain();
      await save();
    },
    kill() {
      over();
      actor.child.kill();
    },
  };
}

/** The first position of a new sink. It gets all alerts without an outcome, and other events as the configuration says. */
function firstPosition({ pipeline }: ServiceCore, config: SinkConfig): SinkPosition {
  const { operations, units } = pipeline;
  const { startFrom, from } = config;
  const alerting = [...pipeline.streams.values(), ...pipeline.exchanges.map(({ stream }) => stream)]
    .filter(({ outputs }) => ALERT_STREAMS.some((name) => outputs.has(name)))
    .flatMap((stream) => stream.units);
  const takesOldAlerts = startFrom === null && from.includes(ALERTS);
  const logs = units
    .filter((unit) => !operations.units.includes(unit))
    .map((unit) => {
      const { log } = unit;
      const end = log.durableOffset();
      if (startFrom === 'earliest') return { log: log.name, next: 0, newFrom: 0 };
      return { log: log.name, next: takesOldAlerts && alerting.includes(unit) ? 0 : end, newFrom: end };
    });
  const outcomesFrom = startFrom === 'latest' ? (operations.units[0]?.log.durableOffset() ?? 0) : 0;
  return { sink: config.name, outcomesFrom, logs, held: [] };
}

/** Outcomes that the journal has to have: each outcome of an alert, and of other events only that they are given up. */
function blocksOf({ kind, events, error }: Outcome, sink: string, changedAt: number): Block[] {
  const alerts = events.filter(({ event }) => event.stream === ALERTS);
  const others = kind === 'abandoned' ? events.filter(({ event }) => event.stream !== ALERTS) : [];
  const blocks: Block[] = [];
  if (alerts.length > 0) {
    const deliveries = alerts.map(({ event, attempts }) => {
      return { alertId: event.id, sink, outcome: kind, attempts: attempts + 1, error, changedAt };
    });
    blocks.push(alertDeliveryType.encodeBlock(deliveries));
  }
  if (others.length > 0) {
    const deliveries = others.map(({ event: { stream, log, offset }, attempts }) => {
      return { sink, stream, log, offset, outcome: 'abandoned' as const, attempts: attempts + 1, error, changedAt };
    });
    blocks.push(sinkDeliveryType.encodeBlock(deliveries));
  }
  return blocks;
}
