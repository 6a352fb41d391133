/** What somebody wants explained, as it is written: `alert:ID`, `window:NAME/KEY/START`, `STREAM/PARTITION/OFFSET`. */

export interface Place {
  readonly stream: string;
  readonly partition: number;
  readonly offset: number;
}

export interface WindowPlace {
  readonly window: string;
  /** null: the one group over all. */
  readonly key: string | null;
  readonly startMs: number;
}

export type ExplainTarget =
  | ({ readonly kind: 'place' } & Place)
  | ({ readonly kind: 'window' } & WindowPlace)
  | { readonly kind: 'alert'; readonly id: string };

const FORMS = 'alert:ID, window:NAME/KEY/START (an empty KEY for one group over all), or STREAM/PARTITION/OFFSET';

/** A text for people when it is none of the forms. */
export function parseTarget(text: string): ExplainTarget | { readonly problem: string } {
  if (text.startsWith('alert:') && text.length > 'alert:'.length)
    return { kind: 'alert', id: text.slice('alert:'.length) };
  if (text.startsWith('window:')) {
    // A key may have slashes; a window's name and a time have none.
    const [, window = '', key = '', start = ''] = /^window:([^/]+)\/(.*)\/([^/]+)$/s.exec(text) ?? [];
    const startMs = /^-?\d+$/.test(start) ? Number(start) : Date.parse(start);
    if (window === '') return { problem: `${text} names no window; write ${FORMS}` };
    if (Number.isNaN(startMs))
      return { problem: `${start} is no start of a window; write epoch milliseconds or 2026-05-04T09:00:00Z` };
    return { kind: 'window', window, key: key === '' ? null : key, startMs };
  }
  const [, stream, partition, offset] = /^([^/]+)\/(\d{1,9})\/(\d{1,15})$/.exec(text) ?? [];
  if (stream === undefined) return { problem: `${text} can't be explained; write ${FORMS}` };
  return { kind: 'place', stream, partition: Number(partition), offset: Number(offset) };
}
