/** Results of a window in the journal, by start and key. */
import { END_OF_TIME_MS } from '../streams/watermark.ts';
import { eventsInTime } from './events-in-time.ts';
import { slackOf } from './inputs.ts';
import type { Lineage, WindowOf } from './lineage.ts';
import { type PlacedEvent, placed, type Relation } from './placed-event.ts';

export interface FoundResult {
  readonly placed: PlacedEvent;
  readonly log: string;
  readonly key: string | null;
  readonly startMs: number;
  /** Exclusive. */
  readonly endMs: number;
  readonly revision: number;
  readonly count: number;
}

export interface ResultsAsked {
  /** Both inclusive. */
  readonly startFromMs: number;
  readonly startToMs: number;
  isMeant(key: string | null, startMs: number, endMs: number): boolean;
  readonly relation: Relation;
  /** Reads the logs whole. */
  readonly isThorough?: boolean;
  /** All of them are in this log. */
  readonly log?: string;
}

/** Sessions are looked for so far back. */
const SESSION_MS = 86_400_000;

/** How long before its end a window of this kind may begin, ms. */
export function lengthOf({ spec: { window } }: WindowOf): number {
  switch (window.kind) {
    case 'tumbling':
    case 'hopping':
    case 'sliding':
      return window.sizeMs;
    case 'session':
    case 'count':
      return SESSION_MS;
    case 'table':
      return END_OF_TIME_MS;
  }
}

export async function resultsOf(lineage: Lineage, window: WindowOf, asked: ResultsAsked): Promise<FoundResult[]> {
  const { spec, home, source } = window;
  const waitMs = slackOf(source) + spec.allowedLatenessMs;
  const isAligned = spec.window.kind === 'tumbling' || spec.window.kind === 'hopping';
  // A window closes once its end has passed; before that it gives results only where it is early, or its end is not known.
  const shortestMs = isAligned && spec.earlyMs === null ? lengthOf(window) : 0;
  const arrivedFromMs = asked.startFromMs + shortestMs - slackOf(source);
  const arrivedToMs = asked.startToMs + lengthOf(window) + waitMs;
  const found: FoundResult[] = [];
  for (const { log, end } of lineage.logsOf(home)) {
    if (asked.log !== undefined && log !== asked.log) continue;
    const results = eventsInTime(lineage, {
      log,
      toOffset: await end(),
      typeOf({ fingerprint }) {
        if (lineage.registry.windowOf(fingerprint)?.window !== spec.name) return null;
        return lineage.registry.writerOf(fingerprint) ?? null;
      },
      timesOf: (columns) => columns.numbers('start'),
      fromMs: asked.startFromMs,
      toMs: asked.startToMs,
      followsOthers: home !== source.stream,
      arrivedFromMs: asked.isThorough === true ? Number.NEGATIVE_INFINITY : arrivedFromMs,
      arrivedToMs: asked.isThorough === true ? Number.POSITIVE_INFINITY : arrivedToMs,
    });
    for await (const rows of results) {
      const { columns } = rows;
      const [starts, ends] = [columns.numbers('start'), columns.numbers('end')];
      for (const row of rows.rows) {
        const { key } = columns.event(row);
        const text = typeof key === 'string' ? key : null;
        const [startMs, endMs] = [starts[row]!, ends[row]!];
        if (!asked.isMeant(text, startMs, endMs)) continue;
        const of = { log, relation: asked.relation, record: `WindowResult.${spec.name}`, time: startMs };
        found.push({
          placed: placed(rows, row, of),
          log,
          key: text,
          startMs,
          endMs,
          revision: columns.numbers('revision')[row]!,
          count: columns.numbers('count')[row]!,
        });
      }
    }
  }
  return found.sort((one, other) => one.startMs - other.startMs || one.revision - other.revision);
}
