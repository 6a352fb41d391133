/**
 * Explains an event of the journal: back to what came in that made it, and forward to all that it made. What is asked is the
 * journal itself: its derivations say which windows there are of which streams, and the time in the events where to look.
 * Nothing is written, and no lock is taken.
 */
import { DERIVED_TIME, derivedStreamOfRecord } from '../messages/derived-event.ts';
import { logName } from '../messages/log-name.ts';
import { OPERATIONS } from '../messages/operations.ts';
import { alertDeliveryType } from '../messages/types.ts';
import type { Row, StoreQuery } from '../projections/store.ts';
import { partitionOf } from '../streams/partitioner.ts';
import { aboutOf, effectsAbout, inputsAbout } from './about.ts';
import { alertQueries, placeIn } from './alert-place.ts';
import { sectionsOf } from './events-in-time.ts';
import { inputsOf, keyTextOf, slackOf, takes } from './inputs.ts';
import type { Lineage, SourceStream, WindowOf } from './lineage.ts';
import { type PlacedEvent, placed } from './placed-event.ts';
import type { ExplainTarget, Place, WindowPlace } from './target.ts';
import { type FoundResult, lengthOf, resultsOf } from './window-results.ts';

export interface Explanation {
  /** What was asked about first, then inputs and their context by time, then effects. */
  readonly events: readonly PlacedEvent[];
  /** Inputs there are, of which `events` has the first. */
  readonly inputs: number;
  /** For people: what could not be found, and why. */
  readonly notes: readonly string[];
}

/** Inputs that are shown. */
const SHOWN = 500;

export interface NotFound {
  readonly notFound: string;
}

/** `ask` asks a store. Throws when there is no journal. */
export async function explain(
  lineage: Lineage,
  target: ExplainTarget,
  ask: (query: StoreQuery) => Promise<readonly Row[]>,
): Promise<Explanation | NotFound> {
  switch (target.kind) {
    case 'window':
      return explainWindow(lineage, target);
    case 'place':
      return explainPlace(lineage, target);
    case 'alert':
      for (const query of alertQueries(target.id)) {
        const [row] = await ask(query);
        if (row !== undefined) return explainPlace(lineage, placeIn(row));
      }
      return { notFound: `there is no alert ${target.id}; ids are in /api/v1/alerts` };
  }
}

async function explainWindow(
  lineage: Lineage,
  { window: name, key, startMs }: WindowPlace,
): Promise<Explanation | NotFound> {
  const window = lineage.windows.find(({ spec }) => spec.name === name);
  if (window === undefined) {
    const known = lineage.windows.map(({ spec }) => spec.name).join(', ');
    return { notFound: `there is no window ${name} in the journal; known: ${known === '' ? 'none' : known}` };
  }
  const asked = {
    startFromMs: startMs,
    startToMs: startMs,
    isMeant: (found: string | null) => found === key,
    relation: 'itself',
  } as const;
  // All results of a key stand in one log, as a rule that of its hash.
  const logs = lineage.logsOf(window.home).map(({ log }) => log);
  const likely = key === null ? 0 : partitionOf(/^\d{1,15}$/.test(key) ? Number(key) : key, Math.max(1, logs.length));
  const order = logs.toSorted((one, other) => Number(other === logs[likely]) - Number(one === logs[likely]));
  let results: readonly FoundResult[] = [];
  for (const log of order) if (results.length === 0) results = await resultsOf(lineage, window, { ...asked, log });
  if (results.length === 0) results = await resultsOf(lineage, window, { ...asked, isThorough: true });
  const newest = results.at(-1);
  if (newest === undefined) {
    const start = new Date(startMs).toISOString();
    return { notFound: `${name} has no result of the key ${key ?? '(null)'} that starts at ${start}` };
  }
  return explainResult(lineage, window, newest, results);
}

async function explainResult(
  lineage: Lineage,
  window: WindowOf,
  { log, key, startMs, endMs, count }: FoundResult,
  results: readonly FoundResult[],
): Promise<Explanation> {
  const { source, spec } = window;
  const [keyOf, isTaken] = [keyTextOf(spec.keyField, source), takes(window)];
  const asked = {
    source,
    fromMs: startMs,
    toMs: endMs - 1,
    slackMs: slackOf(source) + spec.allowedLatenessMs,
    matcher(columns: Parameters<typeof keyOf>[0]) {
      const [keyAt, takesRow] = [keyOf(columns), isTaken(columns)];
      return (row: number) => keyAt(row) === key && takesRow(row);
    },
    relation: () => 'input' as const,
    // A result that stands in a log of its stream is of events of that log.
    ...(window.home === source.stream ? { log } : {}),
    limit: SHOWN,
  };
  let inputs = await inputsOf(lineage, asked);
  // More disorder than the watermark allows for: the log has to be read whole.
  if (inputs.count < count) inputs = await inputsOf(lineage, { ...asked, slackMs: Number.POSITIVE_INFINITY });
  const notes: string[] = [];
  if (inputs.count !== count) {
    const why =
      inputs.count > count
        ? 'the others came too late for it, or its stream refused them'
        : 'the others are pruned, or it is of a derived stream';
    notes.push(`the result counts ${count} events, and ${inputs.count} were found: ${why}`);
  }
  return { events: [...results.map((result) => result.placed), ...inputs.events], inputs: inputs.count, notes };
}

async function explainPlace(lineage: Lineage, { stream, partition, offset }: Place): Promise<Explanation | NotFound> {
  const log = logName(stream, partition);
  const searched = lineage.logs.find((each) => each.log === log);
  if (searched === undefined) {
    const known = [...new Set(lineage.logs.map((each) => each.log))].join(', ');
    return { notFound: `there is no log ${log}; known: ${known}` };
  }
  const [start, end] = [await lineage.reader.startOf(log), await searched.end()];
  if (offset < start || offset >= end)
    return { notFound: `${log} has the offsets ${start} to ${end - 1}, and not ${offset}` };
  for await (const read of lineage.reader.commits(log, { fromOffset: offset, toOffset: offset + 1 })) {
    for (const { section, firstOffset } of sectionsOf(read)) {
      const row = offset - firstOffset;
      const type = lineage.registry.writerOf(section.fingerprint);
      if (row < 0 || row >= section.count || type === undefined) continue;
      const columns = type.columns(section);
      const found = { commit: read.commit, columns, firstOffset };
      const source = section.role === 'input' ? lineage.sources.get(stream) : undefined;
      if (source !== undefined && source.record === type.name) {
        const timeMs = (columns.numbers(source.timeField)[row] ?? 0) - (source.timeLessMs ?? 0);
        const itself = placed(found, row, { log, relation: 'itself', record: type.name, time: timeMs });
        const event = columns.event(row);
        const inCommit = derivedInCommit(lineage, read, log, timeMs);
        const effects = await effectsOf(lineage, source, section, row, { log, event, timeMs });
        return { events: [itself, ...inCommit, ...effects], inputs: 1, notes: [] };
      }
      const itself = placed(found, row, { log, relation: 'itself', record: type.name, time: null });
      const event = columns.event(row);
      const window = lineage.registry.windowOf(section.fingerprint)?.window;
      if (window !== undefined) {
        const key = typeof event.key === 'string' ? event.key : null;
        return explainWindow(lineage, { window, key, startMs: Number(event.start) });
      }
      const about = aboutOf(type.name);
      const inputs = about === undefined ? null : await inputsAbout(lineage, about, log, event, SHOWN);
      if (inputs === null) {
        return {
          events: [itself],
          inputs: 0,
          notes: [`nothing is known of what a ${type.name} is made of; it stands in one commit with its input`],
        };
      }
      const deliveries = await deliveriesOf(lineage, event, read.commit.committedAt);
      return { events: [itself, ...inputs.events, ...deliveries], inputs: inputs.count, notes: [] };
    }
  }
  return { notFound: `${log} has no event at the offset ${offset} that can be read` };
}

type Section = Parameters<Lineage['registry']['columnsAs']>[1];

/** Windows that the event is in, and what domains made of it. */
async function effectsOf(
  lineage: Lineage,
  source: SourceStream,
  section: Section,
  row: number,
  {
    log,
    event,
    timeMs,
  }: { readonly log: string; readonly event: Readonly<Record<string, unknown>>; readonly timeMs: number },
): Promise<readonly PlacedEvent[]> {
  const effects: PlacedEvent[] = [];
  for (const window of lineage.windows) {
    if (window.source.stream !== source.stream) continue;
    const columns = lineage.registry.writerOf(section.fingerprint)?.columns(section);
    if (columns === undefined || !takes(window)(columns)(row)) continue;
    const key = keyTextOf(window.spec.keyField, source)(columns)(row);
    const results = await resultsOf(lineage, window, {
      startFromMs: timeMs - lengthOf(window),
      startToMs: timeMs,
      isMeant: (found, startMs, endMs) => found === key && startMs <= timeMs && timeMs < endMs,
      relation: 'effect',
      ...(window.home === source.stream ? { log } : {}),
    });
    effects.push(...results.map((result) => result.placed));
  }
  const about = await effectsAbout(lineage, source, log, event, timeMs);
  const deliveries: PlacedEvent[] = [];
  for (const { relation, event: json, committedAt } of about) {
    if (relation === 'effect') deliveries.push(...(await deliveriesOf(lineage, JSON.parse(json), committedAt)));
  }
  return [...effects, ...about, ...deliveries];
}

/** Events of derived streams that have the time of the event, in its own commit. */
function derivedInCommit(
  { registry }: Lineage,
  read: Parameters<typeof sectionsOf>[0],
  log: string,
  timeMs: number,
): readonly PlacedEvent[] {
  return [...sectionsOf(read)].flatMap(({ section, firstOffset }) => {
    const type = registry.writerOf(section.fingerprint);
    if (type === undefined || derivedStreamOfRecord(type.name) === null) return [];
    const columns = type.columns(section);
    const times = columns.numbers(DERIVED_TIME);
    const found = { commit: read.commit, columns, firstOffset };
    return [...times.subarray(0, columns.count)].flatMap((time, row) =>
      time === timeMs ? [placed(found, row, { log, relation: 'effect', record: type.name, time })] : [],
    );
  });
}

/** What became of an alert at its sinks. */
async function deliveriesOf(
  { reader, registry, logsOf }: Lineage,
  { alertId }: Readonly<Record<string, unknown>>,
  committedAt: number,
): Promise<readonly PlacedEvent[]> {
  if (typeof alertId !== 'string') return [];
  const found: PlacedEvent[] = [];
  for (const { log, end } of logsOf(OPERATIONS)) {
    const fromOffset = await reader.offsetAt(log, committedAt);
    for await (const read of reader.commits(log, { fromOffset, toOffset: await end() })) {
      for (const { section, firstOffset } of sectionsOf(read)) {
        const type = registry.writerOf(section.fingerprint);
        if (type?.name !== alertDeliveryType.name) continue;
        const columns = type.columns(section);
        for (let row = 0; row < columns.count; row++) {
          if (columns.event(row).alertId !== alertId) continue;
          const time = columns.numbers('changedAt')[row] ?? null;
          const of = { log, relation: 'effect', record: type.name, time } as const;
          found.push(placed({ commit: read.commit, columns, firstOffset }, row, of));
        }
      }
    }
  }
  return found;
}
