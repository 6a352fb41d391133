/**
 * Dead letters of every kind: inputs that a stream refused, and events that a sink refused. Each can be listed, shown and
 * replayed.
 *
 * An input is read again as its source would read it today, and checked against today's expectations. If the input passes,
 * it is committed together with a note that its dead letter is replayed, so a crash in between doubles nothing. An event
 * that a sink refused is asked for again by an event of its own, which the sink takes up.
 */
import { logName } from '../messages/log-name.ts';
import { alertDeliveryType, deadLetterReplayedType, sinkDeliveryType } from '../messages/types.ts';
import { type Refusals, refuse } from '../partition/refused.ts';
import { latestTakenMs, refuseAhead } from '../partition/too-far-ahead.ts';
import type { Row } from '../projections/store.ts';
import { createCheck } from '../quality/check.ts';
import type { RunningStream } from '../service/pipeline.ts';
import type { ServiceCore } from '../service.ts';
import type { Batch, Intake } from '../sources/source.ts';
import { quotedText } from '../sql-quotes.ts';
import { type Reread, reread } from '../workers/reread.ts';
import { type CommandContext, channelCommand, RequestError, type Target } from './channel-commands.ts';
import { letterOf, OPERATOR_FAILED, repeatFor } from './repeated-events.ts';

/** The source of replayed events in a log. */
const DLQ_SOURCE = 'dlq';
/** Dead letters that are read and committed together. */
const REPLAYED_TOGETHER = 256;
const PATIENCE_MS = 10_000;

const FILTER = { ids: 'texts', stream: 'text', reason: 'text' } as const;

interface Filter {
  readonly ids?: readonly string[];
  readonly stream?: string;
  readonly reason?: string;
}

export const dlqListCommand = channelCommand({
  name: 'dlq list',
  schema: { ...FILTER, replayed: 'flag' },
  async *rows(target, { replayed = false, ...filter }, context) {
    await target.caughtUp(PATIENCE_MS, context);
    const columns = 'id, stream, source, position, reason, detail, committed_at, replayed_at';
    yield* lettersOf(target, columns, filter, replayed, 'committed_at DESC, id', context);
  },
});

export const dlqShowCommand = channelCommand({
  name: 'dlq show',
  schema: { ids: 'texts' },
  async *rows(target, { ids = [] }, context) {
    if (ids.length === 0) throw new RequestError('say which: dlq show ID');
    await target.caughtUp(PATIENCE_MS, context);
    yield* lettersOf(target, '*', { ids }, true, 'id', context);
  },
});

export const dlqReplayCommand = channelCommand({
  name: 'dlq replay',
  schema: { ...FILTER, dryRun: 'flag' },
  async *rows(target, { dryRun = false, ...filter }, context) {
    const { running } = target;
    if (running === null) throw new RequestError('nothing runs on this data: dlq replay needs --config FILE');
    if (filter.ids === undefined && filter.stream === undefined && filter.reason === undefined) {
      throw new RequestError('say which: dlq replay ID …, or --stream, --reason, or --all');
    }
    const { stream, ...others } = filter;
    const chosen = stream === ALL ? others : filter;
    // Dead letters that were replayed a moment ago must be known as such, or they would be taken twice.
    await target.caughtUp(Number.POSITIVE_INFINITY, context);
    let group: Row[] = [];
    for await (const rows of lettersOf(target, '*', chosen, false, 'log, log_offset, id', context)) {
      for (const row of rows) {
        group.push(row);
        if (group.length < REPLAYED_TOGETHER) continue;
        yield await replayGroup(running, group, dryRun);
        group = [];
      }
    }
    if (group.length > 0) yield await replayGroup(running, group, dryRun);
  },
});

/** Stands for every stream, in the place of a name: no stream is called so. */
export const ALL = '*';

function lettersOf(
  target: Target,
  columns: string,
  { ids, stream, reason }: Filter,
  withReplayed: boolean,
  order: string,
  { signal }: CommandContext,
): AsyncGenerator<readonly Row[]> {
  const conditions = [
    ...(withReplayed ? [] : ['replayed_at IS NULL']),
    ...(ids === undefined ? [] : [`id IN (${ids.map(quotedText).join(', ')})`]),
    ...(stream === undefined ? [] : [`stream = ${quotedText(stream)}`]),
    ...(reason === undefined ? [] : [`reason = ${quotedText(reason)}`]),
  ];
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const sql = `SELECT ${columns} FROM (${LETTERS}) ${where} ORDER BY ${order}`;
  return target.stores.of('sqlite').rows({ kind: 'query', sql }, signal);
}

const LETTERS = `
  SELECT d.log || ':' || d.log_offset AS id, d.stream, d.source, d.position, d.reason, d.detail, d.committed_at,
    r.replayed_at, d.raw_length, d.format, d.context, hex(d.raw) AS raw_hex, d.log, d.log_offset
  FROM dead_letters d LEFT JOIN dead_letter_replays r ON r.log = d.log AND r.log_offset = d.log_offset
  UNION ALL
  SELECT 'alert:' || a.alert_id || '@' || v.sink, 'alerts', v.sink, v.attempts, 'undelivered', coalesce(v.error, ''),
    v.changed_at, NULL, 0, 'alert', a.severity || ' ' || a.reasons, '', a.stream || '-' || a.partition, a.log_offset
  FROM alert_deliveries v JOIN alerts a ON a.alert_id = v.alert_id WHERE v.outcome = 'abandoned'
  UNION ALL
  SELECT 'event:' || log || '/' || log_offset || '@' || sink, stream, sink, attempts, 'undelivered', coalesce(error, ''),
    changed_at, NULL, 0, 'event', '', '', log, log_offset
  FROM sink_deliveries WHERE outcome = 'abandoned'`;

type Outcome = {
  readonly id: string;
  readonly outcome: 'replayed' | 'would be replayed' | 'refused';
  readonly detail: string;
};

async function replayGroup(service: ServiceCore, rows: readonly Row[], dryRun: boolean): Promise<Outcome[]> {
  const done = dryRun ? 'would be replayed' : 'replayed';
  const taken = new Map<string, Taken[]>();
  const starts = new Map<string, number>();
  for (const row of rows.filter(isUndelivered)) {
    const log = String(row.log);
    if (!starts.has(log)) starts.set(log, await service.pipeline.reader.startOf(log));
  }
  const outcomes = rows.map((row): Outcome => {
    const id = String(row.id);
    if (isUndelivered(row)) {
      const problem = undeliverable(service, row, starts.get(String(row.log)) ?? 0);
      if (problem !== null) return { id, outcome: 'refused', detail: problem };
      return { id, outcome: done, detail: `to ${row.source}` };
    }
    if (row.reason === OPERATOR_FAILED) {
      const repeated = repeatFor(service, row);
      if (repeated.kind === 'refused') return { id, outcome: 'refused', detail: repeated.detail };
      const log = String(row.log);
      taken.set(log, [...(taken.get(log) ?? []), { intake: repeated.intake, read: repeated, row }]);
      return { id, outcome: done, detail: `to the operator ${row.source} of ${log}` };
    }
    const stream = service.pipeline.streams.get(String(row.stream));
    if (stream?.config == null) return { id, outcome: 'refused', detail: `there is no stream ${row.stream} now` };
    const read = readAgain(stream, row, service.platform.nowMs());
    if (read.kind === 'refused') return { id, outcome: 'refused', detail: read.detail };
    const key = logName(stream.name, read.partition);
    taken.set(key, [...(taken.get(key) ?? []), { intake: stream.intake, read, row }]);
    return { id, outcome: done, detail: `to ${key}` };
  });
  if (dryRun) return outcomes;
  await Promise.all([...taken.values()].map((own) => commit(own, service.platform.nowMs())));
  await requeue(
    service,
    rows.filter((row, i) => isUndelivered(row) && outcomes[i]?.outcome === done),
  );
  return outcomes;
}

interface Taken {
  readonly intake: Intake;
  readonly read: Extract<Reread, { readonly kind: 'event' }>;
  readonly row: Row;
}

/** Reads an input again as its source would now, and judges it as its partition would. */
function readAgain(stream: RunningStream, row: Row, nowMs: number): Reread {
  const { config, eventType, units, name } = stream;
  if (config === null) return { kind: 'refused', detail: `${name} is no stream of the pipeline` };
  const { schema } = eventType;
  const read = reread(letterOf(row), {
    name,
    schema,
    keyField: config.key,
    format: config.format,
    partitions: units.length,
  });
  if (read.kind === 'refused') return read;
  const refusals: Refusals = new Map();
  const check = createCheck(config.expectations, schema);
  for (const block of read.blocks) {
    if (block.fingerprint !== eventType.fingerprint) continue;
    const columns = eventType.columns(block);
    refuseAhead(columns.numbers(config.eventTime), latestTakenMs(config.watermark, nowMs), refusals);
    check(columns, (at, detail) => refuse(refusals, at, 'expectation-failed', detail));
  }
  const [refusal] = refusals.values();
  return refusal === undefined ? read : { kind: 'refused', detail: `${refusal.reason}: ${refusal.detail}` };
}

/** Commits all replayed events of one partition together. */
async function commit(own: readonly Taken[], nowMs: number): Promise<void> {
  const [first] = own;
  if (first === undefined) return;
  const { intake, read } = first;
  const replayed = own.map(({ row }) => ({ log: String(row.log), offset: Number(row.log_offset), replayedAt: nowMs }));
  const blocks = [...own.flatMap(({ read: { blocks: its } }) => its), deadLetterReplayedType.encodeBlock(replayed)];
  await new Promise<void>((resolve, reject) => {
    const batch: Batch = { source: DLQ_SOURCE, next: null, blocks, onDurable: () => resolve(), onRejected: reject };
    intake.deliver(read.partition, batch).catch(reject);
  });
}

/** Whether a sink refused the event, and not a stream. */
function isUndelivered({ format }: Row): boolean {
  return format === 'alert' || format === 'event';
}

/** Why a sink can't be given an event again; null when it can. */
function undeliverable({ config }: ServiceCore, row: Row, startOfLog: number): string | null {
  const sink = String(row.source);
  if (config.sinks.every(({ name }) => name !== sink)) return `there is no sink ${sink} now`;
  if (Number(row.log_offset) >= startOfLog) return null;
  return `the event is not in the journal any more: ${row.log} was pruned`;
}

/** The sinks read the request from the journal, and find the event there too. */
async function requeue({ operations, platform }: ServiceCore, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return;
  const changedAt = platform.nowMs();
  const again = { outcome: 'requeued', attempts: 0, error: null, changedAt } as const;
  const alerts = rows.filter(({ format }) => format === 'alert');
  const blocks = [
    sinkDeliveryType.encodeBlock(
      rows.map((row) => ({
        ...again,
        sink: String(row.source),
        stream: String(row.stream),
        log: String(row.log),
        offset: Number(row.log_offset),
      })),
    ),
  ];
  if (alerts.length > 0) {
    blocks.push(
      alertDeliveryType.encodeBlock(
        alerts.map((row) => {
          const [, alertId = '', sink = ''] = /^alert:(.*)@([^@]*)$/s.exec(String(row.id)) ?? [];
          return { ...again, alertId, sink };
        }),
      ),
    );
  }
  await operations.write(0, blocks);
}
