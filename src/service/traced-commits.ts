import { distinctContexts, type TraceContext } from '../messages/trace-context.ts';
import type { Sink, SinkEvent } from '../sinks/sink.ts';
import type { Tracing } from '../tracing/port.ts';
import type { Observer } from './observer.ts';

export interface TracedCommits {
  /** The sink, with a span around each delivery that has events of a traced commit. */
  sink(sink: Sink): Sink;
}

interface Remembered {
  readonly firstOffset: number;
  readonly endOffset: number;
  readonly context: TraceContext;
}

/**
 * Commits of each log that are remembered. A sink is mostly less than this behind; older events are delivered without a
 * span.
 */
const COMMITS_REMEMBERED = 1_024;

export function traceCommits(tracing: Tracing, { onCommitted }: Pick<Observer, 'onCommitted'>): TracedCommits {
  const commits = new Map<string, Remembered[]>();
  /** By a log and the log that it feeds, the offset up to which trace contexts were taken over. */
  const takenOver = new Map<string, number>();

  function contextsAt(log: string, fromOffset: number, toOffset: number): TraceContext[] {
    const own = commits.get(log) ?? [];
    return own
      .filter(({ firstOffset, endOffset }) => firstOffset < toOffset && endOffset > fromOffset)
      .map(({ context }) => context);
  }

  /** The contexts of events that an exchange copies from one log into another. */
  function fromLog(log: string, source: string, next: number): readonly TraceContext[] {
    if (!commits.has(source)) return [];
    const place = `${source} ${log}`;
    const from = takenOver.get(place) ?? 0;
    takenOver.set(place, Math.max(from, next));
    return distinctContexts(contextsAt(source, from, next));
  }

  onCommitted((log, { batch, commit, firstOffset, events, deadLetters, derived }) => {
    const { trace } = batch;
    const from = trace?.from ?? fromLog(log, batch.source, batch.next ?? 0);
    if (from.length === 0) return;
    const stored = commit.sections.reduce((sum, { count }) => sum + count, 0);
    const span = tracing.begin({
      name: `commit ${log}`,
      kind: trace?.of === 'messages' ? 'consumer' : 'internal',
      from,
      startMs: trace?.sinceMs ?? commit.committedAt,
      attributes: {
        'millrace.log': log,
        'millrace.source': batch.source,
        'millrace.offset': firstOffset,
        'millrace.events': events,
        'millrace.dead_letters': deadLetters,
        'millrace.derived': derived.outputs.reduce((sum, output) => sum + output.events, 0),
      },
    });
    const own = commits.get(log) ?? [];
    commits.set(log, own);
    own.push({ firstOffset, endOffset: firstOffset + stored, context: span.context });
    if (own.length > COMMITS_REMEMBERED) own.shift();
    span.end();
  });

  return {
    sink(sink) {
      return {
        ...sink,
        async deliver(events, signal) {
          const placed = events.map((event) => ({
            event,
            trace: contextsAt(event.log, event.offset, event.offset + 1)[0],
          }));
          const from = distinctContexts(placed.flatMap(({ trace }) => trace ?? []));
          if (from.length === 0) return await sink.deliver(events, signal);
          const [first] = events;
          const span = tracing.begin({
            name: `deliver ${sink.name}`,
            kind: 'producer',
            from,
            attributes: {
              'millrace.sink': sink.name,
              'millrace.stream': first?.stream ?? '',
              'millrace.event': first?.id ?? '',
              'messaging.batch.message_count': events.length,
            },
          });
          // The receiver's spans continue from the delivery's, also for events of other traces.
          const traced = events.map((event): SinkEvent => ({ ...event, trace: span.context }));
          try {
            await sink.deliver(traced, signal);
            span.end();
          } catch (error) {
            span.end({}, error instanceof Error ? error.message : String(error));
            throw error;
          }
        },
      };
    },
  };
}
