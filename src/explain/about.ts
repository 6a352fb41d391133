/** Events of a domain that are about events which came in: alerts and scores, by what their tables say of themselves. */
import type { Columns } from '../messages/columns.ts';
import { TABLES } from '../tables.ts';
import { eventsInTime } from './events-in-time.ts';
import { type Inputs, inputsOf, slackOf } from './inputs.ts';
import type { Lineage, SourceStream } from './lineage.ts';
import { type PlacedEvent, placed } from './placed-event.ts';

type About = NonNullable<NonNullable<(typeof TABLES)[number]['output']>['about']>;
type Fields = Readonly<Record<string, unknown>>;

/** An alert may be of a session that began so long before; a longer one is cut. */
const SPAN_MS = 86_400_000;

export function aboutOf(record: string): About | undefined {
  return TABLES.find(({ eventType }) => eventType === record)?.output?.about;
}

/** The inputs that such an event is about: those with the same fields are its input, the others its context. */
export async function inputsAbout(
  lineage: Lineage,
  about: About,
  own: string,
  event: Fields,
  limit: number,
): Promise<Inputs | null> {
  const source = [...lineage.sources.values()].find(({ record }) => record === about.record);
  if (source === undefined) return null;
  const [fromMs, toMs] = [Number(event[about.from]), Number(event[about.to])];
  return inputsOf(lineage, {
    source,
    fromMs,
    toMs,
    limit,
    ...(lineage.logsOf(source.stream).some(({ log }) => log === own) ? { log: own } : {}),
    matcher: (columns) => sameFields(columns, about.scope, event),
    relation: (columns, row) => (sameFields(columns, about.same, event)(row) ? 'input' : 'context'),
  });
}

/** What is about an event that came in, as its input or its context. */
export async function effectsAbout(
  lineage: Lineage,
  source: SourceStream,
  own: string,
  event: Fields,
  timeMs: number,
): Promise<PlacedEvent[]> {
  const effects: PlacedEvent[] = [];
  for (const { eventType, output } of TABLES) {
    const about = output?.about;
    if (about === undefined || about.record !== source.record) continue;
    // One that is of no other event lies at the time of its own.
    const toMs = about.from === about.to ? timeMs : timeMs + SPAN_MS;
    const homes = lineage.homesOf(eventType);
    // What is derived beside the event stands in its own log.
    const logs = homes.includes(source.stream)
      ? lineage.logsOf(source.stream).filter((each) => each.log === own)
      : homes.flatMap(lineage.logsOf);
    for (const { log, end } of logs) {
      const found = eventsInTime(lineage, {
        log,
        toOffset: await end(),
        typeOf({ role, fingerprint }) {
          const type = role === 'derived' ? lineage.registry.writerOf(fingerprint) : undefined;
          return type?.name === eventType ? type : null;
        },
        timesOf: (columns) => columns.numbers(about.to),
        fromMs: timeMs,
        toMs,
        followsOthers: !homes.includes(source.stream),
        arrivedFromMs: timeMs - slackOf(source),
        arrivedToMs: toMs + slackOf(source),
      });
      for await (const rows of found) {
        const inScope = sameFields(rows.columns, about.scope, event);
        const isSame = sameFields(rows.columns, about.same, event);
        const since = rows.columns.numbers(about.from);
        const times = rows.columns.numbers(about.to);
        for (const row of rows.rows) {
          if (!inScope(row) || !(isSame(row) || since[row]! <= timeMs)) continue;
          const relation = isSame(row) ? 'effect' : 'context';
          effects.push(placed(rows, row, { log, relation, record: eventType, time: times[row] ?? null }));
        }
      }
    }
  }
  return effects;
}

/** Whether fields of a row are those of an event, as numbers or texts. */
function sameFields(columns: Columns, fields: readonly string[], event: Fields): (row: number) => boolean {
  const tests = fields.map((field) => {
    const column = columns.column(field);
    const wanted = event[field];
    if (column?.kind === 'number' && typeof wanted === 'number') return (row: number) => column.values[row] === wanted;
    return (row: number) => String(columns.event(row)[field]) === String(wanted);
  });
  return (row) => tests.every((test) => test(row));
}
