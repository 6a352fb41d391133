/**
 * Sample events of every schema that stands in a log, as they are kept in test/fixtures/golden. They are chosen to
 * touch what an encoding can get wrong: signs, 53-bit integers, both branches of a union, empty and full collections,
 * every symbol of an enum, text beyond ASCII.
 */

import {
  alertRaisedType,
  caseActedType,
  caseChangedType,
  caseCommandType,
  challengerScoredType,
  fraudLabelType,
  modelChangedType,
  modelCommandType,
  modelOutageType,
  modelRoundType,
  ruleHitType,
  runtimeFoundType,
  sessionClosedType,
  suppressionChangedType,
  suppressionCommandType,
  transactionScoredType,
  transactionType,
} from '../../src/fraud/types.ts';
import { type EventSchema, eventType } from '../../src/messages/codec.ts';
import { commitHeaderSchema } from '../../src/messages/streams.ts';
import {
  actorChangedType,
  alertDeliveryType,
  backfillChangedType,
  callCutOffType,
  checkRanType,
  commandAskedType,
  deadLetterReplayedType,
  deadLetterType,
  exchangedBlockType,
  filePositionType,
  flushType,
  forgottenType,
  forwardedBlockType,
  jobPausedType,
  lateEventType,
  leftBehindType,
  operationsSnapshotType,
  operatorMessageType,
  querySavedType,
  repeatedEventsType,
  requestTakenType,
  runChangedType,
  serviceAlertType,
  sinkDeliveryType,
  sinkPositionsType,
  sourceControlType,
  stepChangedType,
  tablePositionType,
  tablePublishedType,
  tombstoneType,
  topicPositionType,
  windowPartsType,
} from '../../src/messages/types.ts';
import { windowResultType } from '../../src/messages/window-result.ts';
import { weatherObservationType } from '../../src/weather/observation.ts';

export interface Golden {
  readonly type: EventSchema;
  readonly values: readonly Readonly<Record<string, unknown>>[];
}

const AT = 1_522_540_831_000;
const LARGEST_LONG = Number.MAX_SAFE_INTEGER - 1;

/** The header of a commit stands in no block: every frame ever written begins with this one schema. */
export const commitHeaderType = eventType(commitHeaderSchema);

const WHO = { commandId: '8e03978e', by: 'Zoë', note: '', requestedAt: AT };
const MODEL_ACTIONS = ['promote', 'rollback', 'challenge', 'withdraw'] as const;
const MODEL = {
  action: 'promote',
  model: 'boosted-trees-51fa35aa',
  threshold: 0.06,
  reason: 'größte',
  measured: '',
} as const;
const RUN = {
  job: 'weather',
  runId: 'weather@2026-05-01T10:00:00.000Z',
  intervalStart: AT,
  intervalEnd: AT + 3_600_000,
  state: 'running',
  attempt: 1,
  changedAt: AT,
  records: 48,
  message: null,
  trigger: 'schedule',
  params: '{}',
  backfill: null,
  ending: null,
} as const;
const STEP = {
  job: 'weather',
  runId: 'weather@2026-05-01T10:00:00.000Z',
  step: 'load',
  item: -1,
  state: 'success',
  attempt: 1,
  changedAt: AT,
  waitUntil: null,
  records: 48,
  output: '{"rows":48}',
  message: null,
} as const;
const BACKFILL = {
  backfill: 'backfill-weather-1',
  job: 'weather',
  from: AT,
  to: AT + 3_600_000,
  parallel: 4,
  reprocess: 'failed',
  state: 'running',
  intervals: 1,
  changedAt: AT,
} as const;
const PUBLISHED = {
  table: 'weather_daily',
  job: 'weather',
  step: 'daily',
  runId: 'weather@2026-05-01T10:00:00.000Z',
  mode: 'replace',
  rows: 365,
  hash: 'ffffffffffffffff',
  tableRows: 365,
  publishedAt: AT,
} as const;
const SCOPED = { ...WHO, suppressionId: 's', since: AT, until: AT + 1 };
const HIT = {
  rule: 'größte',
  transactionId: 7,
  customerId: 8,
  terminalId: 9,
  amountCents: 25_000,
  occurredAt: AT,
  score: 0.9,
};

export const GOLDEN: readonly Golden[] = [
  {
    type: transactionType,
    values: [
      { transactionId: 0, customerId: 596, terminalId: 3156, amountCents: 5716, occurredAt: AT },
      { transactionId: LARGEST_LONG, customerId: -1, terminalId: 2 ** 40, amountCents: 0, occurredAt: -1 },
    ],
  },
  {
    type: fraudLabelType,
    values: [
      {
        transactionId: 7,
        customerId: 8,
        fraud: true,
        scenario: 3,
        knownAt: AT,
        origin: 'simulator',
        terminalId: 5,
        occurredAt: AT - 1,
      },
      {
        transactionId: 9,
        customerId: 8,
        fraud: false,
        scenario: 0,
        knownAt: AT + 1,
        origin: '',
        terminalId: null,
        occurredAt: null,
      },
    ],
  },
  {
    type: transactionScoredType,
    values: [
      {
        transactionId: 7,
        customerId: 8,
        occurredAt: AT,
        score: 0.9,
        model: 'rules-1',
        ruleHits: 5,
        sessionCount: 2,
        ownMeanCents: 5716.25,
        deviations: -1.5,
      },
    ],
  },
  {
    type: sessionClosedType,
    values: [
      { customerId: 8, start: AT, end: AT + 1_800_000, at: AT + 1_800_001, count: 3, totalCents: 99, maxScore: 0 },
    ],
  },
  {
    type: alertRaisedType,
    values: ['low', 'medium', 'high'].map((severity, i) => ({
      alertId: `alert-8-${i}`,
      caseId: `case-8-${i}`,
      customerId: 8,
      transactionId: i,
      terminalId: 3156,
      amountCents: 25_000,
      occurredAt: AT,
      score: 0.96,
      model: 'rules-1',
      severity,
      reasons: [
        { code: 'amount', text: 'Amount 250.00 is above the limit of 220.00 €', value: 25_000, norm: 22_000 },
        { code: 'velocity', text: '', value: -0.5, norm: 1e300 },
      ].slice(0, i),
      sessionStart: AT,
      sessionCount: 1,
      rules: ['amount', 'größte'].slice(0, i),
    })),
  },
  {
    type: caseChangedType,
    values: [...['opened', 'hit', 'expired', 'acknowledged', 'released', 'snoozed', 'confirmed', 'falsePositive']].map(
      (change, i) => ({
        caseId: 'case-8-7',
        customerId: 8,
        change,
        transactionId: 7 + i,
        hits: 1 + i,
        amountCents: 25_000,
        occurredAt: AT + i,
        holder: change === 'acknowledged' ? 'Zoë' : null,
        snoozedUntil: change === 'snoozed' ? AT : null,
      }),
    ),
  },
  {
    type: ruleHitType,
    values: [
      { ...HIT, caseId: 'case-8-7', suppressionId: null },
      { ...HIT, rule: '', score: 0, caseId: null, suppressionId: 's-1' },
    ],
  },
  {
    type: caseCommandType,
    values: ['acknowledge', 'takeOver', 'release', 'snooze', 'confirm', 'dismiss'].map((action, i) => ({
      ...WHO,
      note: i === 0 ? '' : 'rang them',
      caseId: 'case-8-7',
      customerId: 8,
      action,
      forMs: action === 'snooze' ? 7_200_000 : 0,
    })),
  },
  {
    type: caseActedType,
    values: ['done', 'refused'].map((outcome) => ({
      ...WHO,
      caseId: 'case-8-7',
      customerId: -8,
      action: 'snooze',
      outcome,
      state: 'snoozed',
      detail: outcome === 'done' ? '' : 'it is locked',
      at: AT,
    })),
  },
  {
    type: suppressionCommandType,
    values: [
      { ...WHO, suppressionId: 's', action: 'suppress', customerId: 8, terminalId: null, rule: null, forMs: 1 },
      { ...WHO, suppressionId: 's', action: 'lift', customerId: null, terminalId: 2 ** 40, rule: 'größte', forMs: 0 },
    ],
  },
  {
    type: suppressionChangedType,
    values: [
      { ...SCOPED, change: 'suppressed', customerId: 8, terminalId: null, rule: null },
      { ...SCOPED, change: 'lifted', customerId: null, terminalId: 7, rule: 'größte' },
    ],
  },
  {
    type: modelCommandType,
    values: MODEL_ACTIONS.map((action) => ({
      ...{
        ...WHO,
        ...MODEL,
        action,
        measured: '{"auc":0.9}',
        content: action === 'rollback' ? '' : '{"format":1}\n{}\n',
      },
    })),
  },
  {
    type: modelChangedType,
    values: (['done', 'refused'] as const).flatMap((outcome) =>
      MODEL_ACTIONS.map((action) => ({
        ...{ ...WHO, ...MODEL, action, outcome, previous: 'logistic-regression-0d27e9d5', at: AT },
        detail: outcome === 'done' ? '' : 'größer als erlaubt',
      })),
    ),
  },
  {
    type: modelRoundType,
    values: ['promoted', ''].map((outcome, i) => ({
      ...{ roundId: 'weekly@1', by: 'job weekly', ranAt: AT, kind: 'boosted-trees', model: 'trees-1', champion: '' },
      ...{ outcome, why: 'größer', trainedFrom: 0, trainedTo: AT - 1, judgedFrom: AT, judgedTo: AT + 1 },
      ...{ frauds: 385 * i, figures: i === 0 ? '' : '{"margin":0.01}' },
    })),
  },
  {
    type: runtimeFoundType,
    values: [
      { isPresent: true, detail: '' },
      { isPresent: false, detail: 'es fehlt; `npm install größer`' },
    ],
  },
  {
    type: modelOutageType,
    values: [
      { ...{ model: 'forest-1', role: 'champion', state: 'began', instead: 'größte-2' }, detail: 'es fehlt', at: AT },
      { ...{ model: 'forest-1', role: 'challenger', state: 'ended', instead: '' }, detail: '', at: -1 },
    ],
  },
  {
    type: challengerScoredType,
    values: [true, false].map((reached) => ({
      ...{ transactionId: 2 ** 52, customerId: 0, occurredAt: AT, score: 0.25, model: 'trees-1', reached },
      ...{ liveScore: 1, liveModel: 'größte-2' },
    })),
  },
  {
    type: windowResultType('per-minute', [
      { name: 'sum', type: 'double' },
      { name: 'avg', type: 'double' },
    ]).type,
    values: [
      {
        key: null,
        start: AT,
        end: AT + 60_000,
        revision: 0,
        at: AT + 59_999,
        count: 2,
        aggregates: { sum: 3, avg: 1.5 },
      },
      { key: 'Zoë', start: -7, end: 0, revision: 3, at: -1, count: 1, aggregates: { sum: -0.5, avg: 1e300 } },
    ],
  },
  {
    type: lateEventType,
    values: [
      { window: 'per-minute', key: null, occurredAt: AT, latenessMs: 1, windows: 1, event: '{"a":1}' },
      { window: 'fraud.sessions', key: '8', occurredAt: AT, latenessMs: 86_400_000, windows: 3, event: '{}' },
    ],
  },
  {
    type: deadLetterType,
    values: [
      {
        stream: 'payments.transactions',
        source: 'file:transactions.csv',
        position: 17,
        reason: 'wrong-type',
        detail: 'amountCents is not a whole number',
        raw: Buffer.from([0, 0xff, 0x7b, 0x80]),
        rawLength: 70_000,
        format: 'csv',
        context: 'TRANSACTION_ID,CUSTOMER_ID',
      },
      {
        stream: 's',
        source: 'http',
        position: 0,
        reason: 'not-json',
        detail: '',
        raw: Buffer.alloc(0),
        rawLength: 0,
        format: 'json',
        context: '',
      },
    ],
  },
  {
    type: deadLetterReplayedType,
    values: [
      { log: 'payments.transactions-0', offset: LARGEST_LONG, replayedAt: AT },
      { log: 's-3', offset: 0, replayedAt: 0 },
    ],
  },
  {
    type: tombstoneType,
    values: [
      { key: LARGEST_LONG, occurredAt: -1 },
      { key: 'é', occurredAt: AT },
    ],
  },
  {
    type: callCutOffType,
    values: [
      { operator: '', given: LARGEST_LONG, call: 2 ** 31 - 1, error: '' },
      { operator: 'größte-summe', given: 0, call: 1, error: 'has not returned for 30 s — é' },
    ],
  },
  {
    type: operatorMessageType,
    values: [
      { operator: 'größte', fingerprint: '0123456789abcdef', count: 2, block: Buffer.from([4, 2, 4, 0]) },
      { operator: '', fingerprint: '', count: 0, block: Buffer.alloc(0) },
    ],
  },
  {
    type: repeatedEventsType,
    values: [
      { operator: 'größte', stream: 's', fingerprint: '0123456789abcdef', count: 2, block: Buffer.from([4, 2, 4, 0]) },
      { operator: '', stream: '', fingerprint: '', count: 0, block: Buffer.alloc(0) },
    ],
  },
  {
    type: requestTakenType,
    values: [
      { key: '8e03978e-40d5-43dd-bc93-6894a57f9324', digest: Buffer.alloc(32, 0xa5), takenAt: AT, rows: 20_000 },
      { key: '"', digest: Buffer.from([]), takenAt: 0, rows: 0 },
    ],
  },
  {
    type: forwardedBlockType,
    values: [
      { log: 'payments.transactions-3', fingerprint: '0123456789abcdef', count: 2, block: Buffer.from([4, 2, 4, 0]) },
      { log: '', fingerprint: '', count: 0, block: Buffer.from([]) },
    ],
  },
  {
    type: exchangedBlockType,
    values: [
      {
        log: 'payments.transactions-3',
        before: [
          { log: 'payments.transactions-3', occurredAt: AT, watermark: null },
          { log: 'payments.transactions-0', occurredAt: null, watermark: -1 },
        ],
        fingerprint: '0123456789abcdef',
        count: 2,
        block: Buffer.from([4, 2, 4, 0]),
        seen: Buffer.from([0]),
      },
      { log: '', before: [], fingerprint: '', count: 0, block: Buffer.from([0]), seen: Buffer.from([]) },
    ],
  },
  { type: forgottenType, values: [{ occurredAt: 1_800_000_000_000 }, { occurredAt: null }] },
  {
    type: tablePositionType,
    values: [
      {
        source: 'postgres:orders',
        piece: 7,
        values: ['2026-11-30 12:00:00.5+00', '41'],
        isWhole: false,
        lsn: 0,
        change: 0,
      },
      { source: 'postgres:orders', piece: 8, values: [], isWhole: true, lsn: 4_294_967_300, change: 3 },
    ],
  },
  {
    type: topicPositionType,
    values: [
      {
        topic: 'payments.transactions.v1',
        partition: 3,
        from: 100,
        next: 4_294_967_300,
        group: 'millrace',
        generation: 7,
        lastOffset: 4_294_967_298,
        lastTimestamp: 1_767_225_600_000,
        lastCrc: 4_294_967_295,
      },
      {
        topic: 'a',
        partition: 0,
        from: 0,
        next: 1,
        group: '',
        generation: -1,
        lastOffset: 0,
        lastTimestamp: -1,
        lastCrc: 0,
      },
    ],
  },
  {
    type: windowPartsType,
    values: [
      {
        parts: [
          { start: AT, key: 'größte', count: 2, numbers: [1.5, -0.25], objects: ['{"a":1}', ''] },
          { start: -1, key: null, count: LARGEST_LONG, numbers: [], objects: [] },
          { start: 0, key: -LARGEST_LONG, count: 0, numbers: [0], objects: [] },
        ],
      },
      { parts: [] },
    ],
  },
  {
    type: filePositionType,
    values: [
      {
        path: '/in/orders.csv',
        partitions: 4,
        lines: 12,
        records: 3,
        bytes: 900,
        sha256: 'ab'.repeat(32),
        isCut: true,
      },
      { path: '', partitions: 1, lines: 0, records: 0, bytes: 0, sha256: '', isCut: false },
    ],
  },
  { type: leftBehindType, values: [{ reason: 'max-wait' }, { reason: '' }] },
  { type: flushType, values: [{ reason: 'end-of-input' }, { reason: '' }] },
  {
    type: sourceControlType,
    values: ['watermark', 'idle', 'active', 'endOfInput'].map((control, i) => ({
      control,
      watermark: i === 0 ? AT : 0,
    })),
  },
  {
    type: checkRanType,
    values: ['passed', 'warning', 'failed'].map((outcome, i) => ({
      suite: 'weather_suite',
      of: 'weather.observations',
      runId: 'weather_suite@2026-05-01T10:00:00.000Z',
      due: AT,
      ranAt: AT + i,
      durationMs: 12,
      outcome,
      evaluated: 3,
      successful: 3 - i,
      results:
        '[{"title":"expect_column_to_exist(place)","outcome":"passed","message":null,"observed":null,"samples":[]}]',
    })),
  },
  {
    type: serviceAlertType,
    values: ['firing', 'resolved'].map((state) => ({
      alertId: `check:weather_suite@2026-05-01T10:00:00.000Z/${state}`,
      about: 'check:weather_suite',
      state,
      severity: 'critical',
      summary: 'weather_suite on weather.observations: 1 expectation is not met',
      details: state === 'firing' ? ['expect_column_to_exist(place): there is no column "place"; known: none'] : [],
      at: AT,
    })),
  },
  {
    type: querySavedType,
    values: [
      { name: 'größte', store: 'duckdb', sql: "SELECT 'ü'", isRemoved: false, savedAt: AT },
      { name: 'größte', store: '', sql: '', isRemoved: true, savedAt: AT + 1 },
    ],
  },
  {
    type: runChangedType,
    values: ['queued', 'running', 'up_for_retry', 'success', 'failed', 'skipped', 'cancelled'].map((state, i) => ({
      ...RUN,
      state,
      attempt: i,
      changedAt: AT + i,
      message: state === 'failed' ? 'The provider answered 500' : null,
      trigger: 'manual#5b1f',
      params: '{"day":"2026-05-01"}',
      backfill: state === 'queued' ? 'backfill-weather-1' : null,
      ending: state === 'running' ? 'cancelled' : null,
    })),
  },
  {
    type: stepChangedType,
    values: [
      ...['queued', 'running', 'up_for_retry', 'success', 'failed', 'timed_out', 'skipped', 'cancelled'],
      'upstream_failed',
    ].map((state, i) => ({
      ...STEP,
      item: i - 1,
      state,
      attempt: i,
      changedAt: AT + i,
      waitUntil: state === 'up_for_retry' ? AT + 5_000 : null,
      output: state === 'success' ? '{"rows":48}' : null,
      message: state === 'failed' ? 'The provider answered 500' : null,
    })),
  },
  { type: jobPausedType, values: [true, false].map((isPaused) => ({ job: 'weather', isPaused, changedAt: AT })) },
  {
    type: backfillChangedType,
    values: ['running', 'completed', 'cancelled'].map((state, i) => ({
      ...BACKFILL,
      reprocess: ['none', 'failed', 'completed'][i],
      state,
      changedAt: AT + i,
    })),
  },
  {
    type: tablePublishedType,
    values: ['replace', 'append', 'interval', 'upsert'].map((mode, i) => ({
      ...PUBLISHED,
      mode,
      rows: i === 0 ? 0 : LARGEST_LONG,
      tableRows: i,
      publishedAt: AT + i,
    })),
  },
  {
    type: operationsSnapshotType,
    values: [
      { offset: 0, jobs: [], backfills: [], tables: [], suites: [] },
      {
        offset: LARGEST_LONG,
        jobs: [
          {
            job: 'weather',
            isPaused: true,
            ends: [AT, AT + 3_600_000],
            lastTriggeredAt: null,
            succeededAt: AT + 1,
            scheduledEnd: AT + 3_600_000,
            scheduledSucceeded: false,
            runs: [{ event: RUN, queuedAt: AT, startedAt: null, steps: [STEP] }],
            intervals: [{ start: AT, end: AT + 3_600_000, succeeded: false }],
            triggers: ['file:7:1700000000000.25:/in/a:1.csv'],
          },
        ],
        backfills: [{ event: BACKFILL, cursor: AT }],
        tables: [PUBLISHED],
        suites: [{ suite: 'readings', due: AT, outcome: 'warning' }],
      },
    ],
  },
  {
    type: actorChangedType,
    values: ['started', 'failed', 'restarting', 'stopped', 'escalated'].map((change, i) => ({
      actor: 'millrace/payments.transactions-0/consumer',
      change,
      restarts: i,
      error: change === 'failed' ? 'Error: no space' : null,
      changedAt: AT + i,
    })),
  },
  {
    type: commandAskedType,
    values: [
      { by: 'ops', method: 'POST', path: '/api/v1/cases/case-1/actions', status: 200, askedAt: AT },
      { by: 'nobody', method: 'DELETE', path: '/api/v1/ü', status: 403, askedAt: AT + 1 },
    ],
  },
  {
    type: alertDeliveryType,
    values: [
      { alertId: 'alert-8-7', sink: 'webhook', outcome: 'delivered', attempts: 1, error: null, changedAt: AT },
      { alertId: 'alert-8-7', sink: 'log', outcome: 'abandoned', attempts: 8, error: 'HTTP 500', changedAt: AT },
      { alertId: 'alert-8-7', sink: 'log', outcome: 'requeued', attempts: 0, error: null, changedAt: AT },
    ],
  },
  {
    type: sinkPositionsType,
    values: [
      { sinks: [] },
      {
        sinks: [
          {
            sink: 'pager',
            outcomesFrom: 40,
            logs: [
              { log: 'payments.transactions-0', next: 2 ** 40, newFrom: 0 },
              { log: 'payments.transactions-1', next: 0, newFrom: 7 },
            ],
            held: [{ log: 'payments.transactions-0', offset: 12, since: AT }],
          },
          { sink: 'results', outcomesFrom: 0, logs: [], held: [] },
        ],
      },
    ],
  },
  {
    type: sinkDeliveryType,
    values: [
      {
        sink: 'results',
        stream: 'clicks_per_user.late',
        log: 'clicks-3',
        offset: 17,
        outcome: 'abandoned',
        attempts: 4,
        error: 'HTTP 500',
        changedAt: AT,
      },
      {
        sink: 'results',
        stream: 'clicks_per_user.late',
        log: 'clicks-3',
        offset: 17,
        outcome: 'requeued',
        attempts: 0,
        error: null,
        changedAt: AT,
      },
    ],
  },
  {
    type: weatherObservationType,
    values: [
      {
        provider: 'open-meteo',
        place: 'Málaga',
        observedAt: AT,
        fetchedAt: AT + 1,
        temperatureCelsius: -3.5,
        humidityPercent: 100,
        precipitationMm: 0,
        windSpeedKmh: 12.25,
        pressureHpa: null,
      },
    ],
  },
  {
    type: commitHeaderType,
    values: [
      {
        stream: 'payments.transactions',
        partition: 3,
        source: 'file:transactions.csv',
        next: 1_303_778,
        committedAt: AT,
        sections: [
          { fingerprint: transactionType.fingerprint, role: 'input', count: 2, bytes: 30 },
          { fingerprint: transactionScoredType.fingerprint, role: 'derived', count: 2, bytes: 90 },
        ],
      },
      { stream: 's', partition: 0, source: '', next: 0, committedAt: 0, sections: [] },
    ],
  },
];
