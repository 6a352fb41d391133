/** The windows of a file, against the schemas of their streams. */
import { z } from 'zod';
import { type Report, unknownName } from '../../keys/names.ts';
import { formatDuration } from '../../keys/units.ts';
import { duration, name } from '../../keys/value-schema.ts';
import { isLogName, logName } from '../../messages/log-name.ts';
import { givenBy } from '../../messages/window-result.ts';
import { functionsIn, type UserFunction } from '../../sql/user-function.ts';
import type { AggregateSpec } from '../../streams/aggregate-function.ts';
import { resultField } from '../../streams/aggregate-table.ts';
import type { ComputedResult } from '../../streams/computed-result.ts';
import { type GroupKey, keyTexts } from '../../streams/group-key.ts';
import type { TopGroups } from '../../streams/top-groups.ts';
import type { Windowing } from '../../streams/window-kind.ts';
import { NO_EXCHANGES } from '../declared-operator.ts';
import { checkCondition, condition, writtenLanguage } from '../expressions.ts';
import { entries, type Reading, section } from '../section.ts';
import { areGroupsWithin, exchangeOf, windowPlace } from '../window-place.ts';
import { derivedSection } from './derived.ts';
import { functionsSection } from './functions.ts';
import { joinsSection } from './joins.ts';
import { operatorsSection } from './operators.ts';
import { isOfStream, type Relation } from './relation.ts';
import { streamsSection } from './streams.ts';
import { checkTimeZone, inZone, printZone, timeZone } from './time-zone.ts';
import { checkTumbling, offset, printTumbling, tumbling } from './tumbling.ts';
import { groupKeyOf, printKey, windowKey } from './window-key.ts';
import { declaredWindow, unreadableResults, windowRelation } from './window-relation.ts';
import { printOver, printResults, windowHaving, windowResults } from './window-results.ts';

export interface WindowConfig {
  readonly name: string;
  readonly stream: string;
  /** null: one group. */
  readonly key: GroupKey;
  readonly window: Windowing;
  readonly allowedLatenessMs: number;
  /** null: no result before a window's end. */
  readonly earlyMs: number | null;
  /** The condition as it is written; null for all events. */
  readonly where: string | null;
  /** Present where the condition means something else in the language that was there before SQL. */
  readonly language?: 'sql';
  /** Which groups of each window are given; absent for all of them. */
  readonly top?: TopGroups;
  readonly aggregates: readonly AggregateSpec[];
  /** What is computed of the aggregates; absent for nothing. */
  readonly results?: readonly ComputedResult[];
  /** The condition on results; absent for all of them. */
  readonly having?: string;
  /** The columns of a statement that its results are, in this order; absent for a window by itself. */
  readonly columns?: readonly string[];
  /** Functions of users that its expressions name; absent for none. */
  readonly functions?: readonly UserFunction[];
}

const window = z.strictObject({
  stream: z.string(),
  key: windowKey,
  window: z.union([
    tumbling.extend({ timeZone }),
    z.strictObject({
      hopping: z.strictObject({
        size: duration.describe('Length of each window.'),
        every: duration.describe('From the start of one window to that of the next.'),
      }),
      offset,
      timeZone,
    }),
    z.strictObject({ sliding: duration.describe('Length; a window ends with each event, and one begins behind it.') }),
    z.strictObject({ session: duration.describe('A pause of a key that is longer ends its session.') }),
    z.strictObject({ count: z.int().min(1).describe('As many events of a key, as they come.') }),
    z.literal('table').describe('The newest event of each key of the stream: its rows as they are now.'),
  ]),
  allowedLateness: duration.prefault('0s').describe('A late event still corrects its window for so long.'),
  early: duration
    .nullable()
    .prefault(null)
    .describe('Open windows give what they have so far each time that so much event time has passed.'),
  where: condition,
  having: z
    .string()
    .nullable()
    .default(null)
    .describe('Gives results of which this SQL is true, such as n > 1: over results, the key, start and end.'),
  top: z
    .strictObject({
      by: z.string().describe('A result that is a number.'),
      limit: z.int().min(1).default(1).describe('How many; those that are equal to the last of them are given too.'),
    })
    .nullable()
    .default(null)
    .describe('Of each tumbling or hopping window only the groups with the largest of a result.'),
  aggregate: z
    .record(name, z.string())
    .refine((aggregates) => Object.keys(aggregates).length > 0, { message: 'needs a result such as n: count()' })
    .describe(
      'Results by name: count(); FILTER (WHERE …) behind any; total / n of other results;  count(DISTINCT field); sum, min, max, avg, median, stddev, variance(field); quantile(field, 0.99); first, last, collect, list_distinct, distinct(field); top(field, 3); bool_and, bool_or(field); arg_max, arg_min(field, other).',
    ),
});

type RawWindow = z.output<typeof window>;

const each = entries(windowOf);

export const windowsSection = section({
  key: 'windows',
  schema: z.record(name, window).default({}),
  streamNames: (raw) => Object.keys(raw),
  relations: {
    entryOf: (name, raw) => (Object.hasOwn(raw, name) ? name : null),
    names: (raw) => Object.keys(raw),
    of(name, reading, at) {
      const own = each.one(name, windowsSection.raw(reading), reading);
      const of = own === null ? null : reading.relation(own.stream, ['windows', name, 'stream']);
      if (own === null || of === null) return null;
      const why = unreadableResults(own);
      if (why !== null) reading.report(at, `can't be of ${name}: ${why}`);
      return why === null ? windowRelation(own, windowPlace(own, of, NO_EXCHANGES)) : null;
    },
  },
  operators: (windows: readonly WindowConfig[]) => windows.map(declaredWindow),
  derive: (raw, reading): readonly WindowConfig[] => each.all(raw, reading),
  print: (windows) => Object.fromEntries(windows.map((own) => [own.name, printWindow(own)])),
});

/** The window; null when its stream does not exist, which makes everything else unknowable. */
export function windowOf(name: string, raw: RawWindow, reading: Reading): WindowConfig | null {
  const { relation, report } = reading;
  const at = ['windows', name];
  if (name.toLowerCase() === 'parts') report(at, 'is a reserved name; choose another');
  const stream = relation(raw.stream, [...at, 'stream']);
  if (stream === null) return null;
  const functions = functionsSection.of(reading);
  const key = groupKeyOf([...at, 'key'], raw.key, stream, functions, report);
  checkWindow(at, raw, stream, functions, report);
  const texts = [...keyTexts(key), raw.where ?? '', raw.having ?? '', ...Object.values(raw.aggregate)];
  const used = functionsIn(texts, functions);
  const own = windowResults([...at, 'aggregate'], raw.aggregate, key, stream, functions, report);
  const { results } = own;
  const having =
    raw.having === null
      ? null
      : windowHaving(raw.having, key, own, stream, functions, (message) => report([...at, 'having'], message));
  const aggregates = [...own.aggregates, ...(having?.aggregates ?? [])];
  const window = windowingOf(raw.window, stream);
  if (raw.having !== null) {
    const path = [...at, 'having'];
    if (window.kind === 'sliding') report(path, 'is for tumbling, hopping, session, count and table windows');
    if (raw.top !== null) report(path, 'a window with `top` gives the largest groups, whatever else is true of them');
  }
  checkTop(at, raw, aggregates, report);
  const made: WindowConfig = {
    name,
    stream: raw.stream,
    key,
    window,
    allowedLatenessMs: raw.allowedLateness,
    earlyMs: raw.early,
    where: raw.where,
    ...(raw.where === null ? {} : writtenLanguage([raw.where], stream.schema)),
    ...(raw.top === null ? {} : { top: raw.top }),
    aggregates,
    ...(results.length === 0 ? {} : { results }),
    ...(having === null ? {} : { having: having.having }),
    ...used,
  };
  const isWithin = isOfStream(stream) && areGroupsWithin(made, stream);
  if (!isWithin) checkExchange(at, exchangeOf(made, stream), reading);
  return made;
}

function checkWindow(
  at: string[],
  raw: RawWindow,
  stream: Relation,
  functions: readonly UserFunction[],
  report: Report,
): void {
  checkWindowing(at, raw, stream, report);
  if (raw.where !== null)
    checkCondition(raw.where, stream.schema, functions, (message, character) =>
      report([...at, 'where'], message, character),
    );
}

const HAVE_LOGS = [streamsSection, derivedSection, joinsSection, operatorsSection] as const;

/** Checks the name of the window's exchange, whose logs stand beside those of streams, joins and operators. */
function checkExchange(at: string[], exchange: string, reading: Reading): void {
  const { report } = reading;
  const names = HAVE_LOGS.flatMap((section) => section.streamNames(reading));
  const other = names.find((each) => each.toLowerCase() === exchange.toLowerCase());
  if (other !== undefined) report(at, `has its events in logs called ${exchange}: ${other} needs another name`);
  else if (!isLogName(logName(exchange, 0))) report(at, `has its events in logs called ${exchange}, which is too long`);
}

/**
 * Checks that groups of a window with `top` are given once, when it closes. A group that was given earlier may not be
 * one of the largest later.
 */
function checkTop(
  at: string[],
  { top, window, allowedLateness, early }: RawWindow,
  aggregates: readonly AggregateSpec[],
  report: Report,
): void {
  if (top === null) return;
  if (window === 'table' || !('tumbling' in window || 'hopping' in window))
    report([...at, 'top'], 'is for tumbling and hopping windows');
  if (allowedLateness > 0) report([...at, 'allowedLateness'], 'a window with `top` gives its results once');
  if (early !== null) report([...at, 'early'], 'a window with `top` gives its results once');
  const shown = aggregates.filter(({ isHidden }) => isHidden !== true);
  const names = shown.map(({ name }) => name);
  const by = shown.find(({ name }) => name === top.by);
  if (by === undefined) report([...at, 'top', 'by'], unknownName('result', top.by, names));
  else if (!['number', 'whole', 'decimal'].includes(givenBy(resultField(by))))
    report([...at, 'top', 'by'], `${top.by} is not a number`);
}

function windowingOf(raw: RawWindow['window'], { key, isTable }: Relation): Windowing {
  if (raw === 'table') return { kind: 'table', key: key ?? '', ...(isTable === true ? { deletes: true } : {}) };
  if ('tumbling' in raw) return { kind: 'tumbling', sizeMs: raw.tumbling, offsetMs: raw.offset, ...inZone(raw) };
  if ('hopping' in raw) {
    const { size, every } = raw.hopping;
    return { kind: 'hopping', sizeMs: size, everyMs: every, offsetMs: raw.offset, ...inZone(raw) };
  }
  if ('sliding' in raw) return { kind: 'sliding', sizeMs: raw.sliding };
  return 'session' in raw ? { kind: 'session', gapMs: raw.session } : { kind: 'count', count: raw.count };
}

function checkWindowing(
  at: string[],
  { window, early, allowedLateness }: RawWindow,
  stream: Relation,
  report: Report,
): void {
  const wrong = (path: readonly string[], message: string): void => report([...at, ...path], message);
  const kind = windowingOf(window, stream);
  if (window === 'table') {
    if (stream.key === null) wrong(['stream'], `${stream.name} is no table: it does not select the key of its stream`);
  } else if ('tumbling' in window) checkTumbling([...at, 'window'], window, report);
  else if ('hopping' in window) {
    const { size, every } = window.hopping;
    if (size <= 0) wrong(['window', 'hopping', 'size'], 'must be longer than 0');
    if (every <= 0) wrong(['window', 'hopping', 'every'], 'must be longer than 0');
    else if (every > size)
      wrong(['window', 'hopping', 'every'], 'must not be longer than the window: events would be in none');
    else if (window.offset >= every) wrong(['window', 'offset'], 'must be shorter than `every`');
  } else if ('session' in window && window.session <= 0) wrong(['window', 'session'], 'must be longer than 0');
  if ('timeZone' in kind) checkTimeZone([...at, 'window'], kind, report);
  if (early !== null && early <= 0) wrong(['early'], 'must be longer than 0');
  if (early !== null && ['sliding', 'count', 'table'].includes(kind.kind)) {
    wrong(['early'], `a ${kind.kind} window has no early results: its results come event by event`);
  }
  if (allowedLateness > 0 && (kind.kind === 'count' || kind.kind === 'table')) {
    wrong(['allowedLateness'], `no event is late for a ${kind.kind} window`);
  }
}

function printWindow(own: WindowConfig) {
  const { stream, key, window, allowedLatenessMs, earlyMs, where, having, top, aggregates, results = [] } = own;
  return {
    stream,
    key: printKey(key),
    window: printWindowing(window),
    allowedLateness: formatDuration(allowedLatenessMs),
    early: earlyMs === null ? null : formatDuration(earlyMs),
    where,
    having: having === undefined ? null : printOver(having, aggregates),
    top: top ?? null,
    aggregate: printResults({ aggregates, results }),
  };
}

function printWindowing(window: WindowConfig['window']): unknown {
  switch (window.kind) {
    case 'tumbling':
      return { ...printTumbling(window), ...printZone(window) };
    case 'hopping': {
      const hopping = { size: formatDuration(window.sizeMs), every: formatDuration(window.everyMs) };
      return { hopping, offset: formatDuration(window.offsetMs), ...printZone(window) };
    }
    case 'sliding':
      return { sliding: formatDuration(window.sizeMs) };
    case 'session':
      return { session: formatDuration(window.gapMs) };
    case 'count':
      return { count: window.count };
    case 'table':
      return 'table';
  }
}
