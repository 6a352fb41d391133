/**
 * Server-sent events: one subscription to the service, many pages.
 *
 * Bounds: the ring that Last-Event-ID resumes from (events and bytes), the number of clients, the bytes that wait for
 * a slow one. Past its bound a client is cut off; it reconnects, and resumes or is told to start over (`reset`).
 *
 * The service makes live events only while somebody may want them: while a page follows, and for `patienceMs` after a page
 * left or read a position from which it may follow.
 */
import type { ServerResponse } from 'node:http';
import type { LiveEvent } from './view.ts';

export interface LiveHubOptions {
  readonly subscribe: (listener: (event: LiveEvent) => void) => () => void;
  /** Differs for each start of the process, so that an id of an earlier one is not mistaken for one of ours. */
  readonly epoch: string;
  readonly ringEvents?: number;
  readonly ringBytes?: number;
  readonly maxClients?: number;
  readonly clientBufferBytes?: number;
  readonly heartbeatMs?: number;
  readonly patienceMs?: number;
  readonly onSlowClient?: (waitingBytes: number) => void;
}

export interface LiveHub {
  /** Takes the response over; false when there are as many clients as allowed. */
  attach(response: ServerResponse, lastEventId: string | undefined): boolean;
  /** What a page that reads the tables now has seen: with it, it can follow from there without a gap. */
  position(): string;
  close(): void;
}

interface Frame {
  readonly sequence: number;
  readonly text: string;
}

const MAX_ROWS_AN_EVENT = 200;
const RECONNECT_MS = 2_000;

export function createLiveHub(options: LiveHubOptions): LiveHub {
  const { epoch, ringEvents = 1_024, ringBytes = 4 << 20, maxClients = 32 } = options;
  const { clientBufferBytes = 1 << 20, heartbeatMs = 15_000, patienceMs = 60_000 } = options;
  const clients = new Set<ServerResponse>();
  const ring: Frame[] = [];
  let bytesInRing = 0;
  let sequence = 0;
  /** Null while nobody wants live events. */
  let unsubscribe: (() => void) | null = null;
  let wantedAtMs = 0;

  const left = (client: ServerResponse) => {
    if (clients.delete(client)) wantedAtMs = performance.now();
  };

  const send = (client: ServerResponse, text: string) => {
    client.write(text);
    if (client.writableLength <= clientBufferBytes) return;
    options.onSlowClient?.(client.writableLength);
    left(client);
    client.destroy();
  };

  const publish = (event: LiveEvent) => {
    sequence += 1;
    const data = JSON.stringify(boundedData(event));
    const text = `id: ${epoch}-${sequence}\nevent: ${nameOf(event)}\ndata: ${data}\n\n`;
    ring.push({ sequence, text });
    bytesInRing += text.length;
    while (ring.length > ringEvents || bytesInRing > ringBytes) bytesInRing -= ring.shift()?.text.length ?? 0;
    for (const client of clients) send(client, text);
  };

  const want = () => {
    wantedAtMs = performance.now();
    if (unsubscribe !== null) return;
    // Nothing was kept meanwhile, so no earlier id may resume.
    sequence += 1;
    unsubscribe = options.subscribe(publish);
  };
  const rest = () => {
    unsubscribe?.();
    unsubscribe = null;
    ring.length = 0;
    bytesInRing = 0;
  };
  const heartbeat = setInterval(() => {
    for (const client of clients) send(client, ': still here\n\n');
    if (clients.size === 0 && performance.now() - wantedAtMs > patienceMs) rest();
  }, heartbeatMs);
  heartbeat.unref();

  return {
    attach(response, lastEventId) {
      if (clients.size >= maxClients) return false;
      response.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
      });
      want();
      clients.add(response);
      response.once('close', () => left(response));
      response.once('error', () => left(response));
      response.write(opening(epoch, sequence, ring, lastEventId));
      return true;
    },
    position() {
      want();
      return `${epoch}-${sequence}`;
    },
    close() {
      clearInterval(heartbeat);
      rest();
      for (const client of clients) client.end();
      clients.clear();
    },
  };
}

/** What a client gets first: how soon to reconnect, whether it resumes, and what it has missed. */
function opening(epoch: string, sequence: number, ring: readonly Frame[], lastEventId: string | undefined): string {
  const retry = `retry: ${RECONNECT_MS}\n\n`;
  const hello = (resumed: boolean) => `event: hello\ndata: ${JSON.stringify({ resumed })}\n\n`;
  const here = `id: ${epoch}-${sequence}\n`;
  if (lastEventId === undefined || lastEventId === '') return `${retry}${here}${hello(false)}`;
  const seen = sequenceOf(lastEventId, epoch);
  const oldest = ring[0]?.sequence ?? sequence + 1;
  if (seen === null || seen > sequence || seen < oldest - 1) {
    const reason = 'What happened since is no longer in the buffer; read the tables again.';
    return `${retry}${here}event: reset\ndata: ${JSON.stringify({ reason })}\n\n`;
  }
  const missed = ring.filter((frame) => frame.sequence > seen).map((frame) => frame.text);
  return `${retry}${hello(true)}${missed.join('')}`;
}

function sequenceOf(id: string, epoch: string): number | null {
  const digits = id.startsWith(`${epoch}-`) ? id.slice(epoch.length + 1) : '';
  return /^\d{1,15}$/.test(digits) ? Number(digits) : null;
}

/** The newest rows only: a page shows a few dozen, and the whole is one GET away. */
function boundedData(event: LiveEvent): unknown {
  if (event.kind === 'overview' || event.kind === 'actors' || event.kind === 'windows') return event.data;
  return event.data.length > MAX_ROWS_AN_EVENT ? event.data.slice(-MAX_ROWS_AN_EVENT) : event.data;
}

/** As the stream calls it. */
function nameOf(event: LiveEvent): string {
  return event.kind === 'rows' ? event.as : event.kind;
}
