/**
 * The stream of live events, and what is known of its health: connecting → live ⇄ lost. EventSource reconnects by
 * itself with Last-Event-ID; when it gives up (an answer that is no stream) or hangs, a new one is opened here from
 * the last id. `onReset` is called when the server no longer has what was missed.
 */
import { served } from './place.js';

const RETRY_MS = [1_000, 2_000, 5_000, 10_000];
const SILENCE_MS = 40_000;

/** `kinds` are the events that somebody takes. */
export function openLive({ from, kinds, onEvent, onReset, onState }) {
  let source = null;
  let failures = 0;
  let heardAt = performance.now();
  let lastId = from;
  let retryTimer = 0;

  const heard = () => {
    heardAt = performance.now();
  };

  const connect = () => {
    source?.close();
    const opened = new EventSource(served(`/events?lastEventId=${encodeURIComponent(lastId ?? '')}`));
    source = opened;
    heard();
    opened.addEventListener('hello', () => {
      heard();
      failures = 0;
      onState('live');
    });
    opened.addEventListener('reset', (event) => {
      heard();
      lastId = event.lastEventId;
      failures = 0;
      onState('live');
      onReset();
    });
    for (const kind of kinds) {
      opened.addEventListener(kind, (event) => {
        heard();
        lastId = event.lastEventId;
        onEvent(kind, JSON.parse(event.data));
      });
    }
    opened.addEventListener('error', () => {
      if (source !== opened) return;
      onState('lost');
      if (opened.readyState === EventSource.CLOSED) reopenLater();
    });
  };

  const reopenLater = () => {
    clearTimeout(retryTimer);
    retryTimer = setTimeout(connect, RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]);
    failures += 1;
  };

  connect();
  // A browser may keep a page that was left, with its connection, of which it has six.
  addEventListener('pagehide', () => source.close());
  addEventListener('pageshow', ({ persisted }) => {
    if (persisted) connect();
  });
  setInterval(() => {
    if (performance.now() - heardAt < SILENCE_MS) return;
    onState('lost');
    connect();
  }, 5_000);
}
