/** An event as a person on call reads it: what happened, how bad it is, since when, and whether it is over. Pure. */
import type { SinkEvent } from '../sink.ts';

export type Severity = 'critical' | 'warning' | 'info';

export interface ToldAlert {
  /** The same for the end as for the beginning. */
  readonly id: string;
  /** What kind of alert it is: few values. */
  readonly name: string;
  readonly severity: Severity;
  readonly summary: string;
  readonly details: readonly string[];
  /** ISO 8601. */
  readonly at: string;
  readonly isOver: boolean;
  readonly fields: Readonly<Record<string, string>>;
}

/** As alerts of Millrace call it, and as expectations do. */
const SEVERITIES: Readonly<Record<string, Severity>> = {
  critical: 'critical',
  high: 'critical',
  medium: 'warning',
  warning: 'warning',
  warn: 'warning',
  low: 'info',
  info: 'info',
};

/** Event times of alerts, the first that there is. */
const TIMES = ['at', 'occurredAt', 'raisedAt'] as const;
const FIELD_CHARACTERS_MAX = 200;
const SUMMARY_CHARACTERS_MAX = 1_000;

export function toldAlert({ stream, id, json, committedAt }: SinkEvent): ToldAlert {
  const event = recordOf(JSON.parse(json));
  const text = (name: string): string | null => (typeof event[name] === 'string' ? event[name] : null);
  const isOver = event.state === 'resolved';
  const about = text('about');
  const details = detailsOf(event);
  const time = TIMES.map((name) => event[name]).find((value) => typeof value === 'number');
  return {
    // A service's alert has an id for each change of its state, and is one alert to whoever is told.
    id: about ?? id,
    name: about ?? stream,
    severity: SEVERITIES[(text('severity') ?? '').toLowerCase()] ?? 'warning',
    summary: cut(text('summary') ?? summaryOf(stream, details, id), SUMMARY_CHARACTERS_MAX),
    details,
    at: new Date(typeof time === 'number' ? time : committedAt).toISOString(),
    isOver,
    fields: plainFields(event),
  };
}

function summaryOf(stream: string, [first]: readonly string[], id: string): string {
  return `${stream}: ${first ?? id}`;
}

/** What was found, a sentence each: reasons of a domain's alert, details of the service's. */
function detailsOf({ reasons, details }: Readonly<Record<string, unknown>>): readonly string[] {
  const listed = Array.isArray(reasons) ? reasons : Array.isArray(details) ? details : [];
  return listed.flatMap((each: unknown) => {
    if (typeof each === 'string') return [each];
    const { text } = recordOf(each);
    return typeof text === 'string' ? [text] : [];
  });
}

/** Numbers, texts and truths of the event, shortened: lists stand in the details. */
function plainFields(event: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(event).flatMap(([name, value]) =>
      typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
        ? [[name, cut(String(value), FIELD_CHARACTERS_MAX)]]
        : [],
    ),
  );
}

const cut = (text: string, max: number): string => (text.length <= max ? text : `${text.slice(0, max - 1)}…`);

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
