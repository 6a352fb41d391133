/**
 * A topic as a sink. An outlet holds the connection. A failed outlet is thrown away and the next delivery opens another
 * one, because it is unknown which records the failed one had sent.
 */
import { troubleOf } from '../../kafka/trouble.ts';
import { DeliveryError, type Sink, type SinkEvent } from '../sink.ts';

export interface Outlet {
  /** Resolves once the topic has all of the events. */
  take(events: readonly SinkEvent[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface KafkaSinkOptions extends Pick<Sink, 'name' | 'batch' | 'keepsOrder' | 'takesDeletions'> {
  readonly topic: string;
  readonly brokers: readonly string[];
  open(): Promise<Outlet>;
}

/** Each try has some seconds of retries within; brokers expect clients to come back at once. */
const REST_MS = 5000;

export function createKafkaSink({ topic, brokers, open, ...own }: KafkaSinkOptions): Sink {
  let current: Promise<Outlet> | null = null;

  async function drop(): Promise<void> {
    const dropped = current;
    current = null;
    const outlet = await dropped?.catch(() => null);
    await outlet?.close();
  }
  async function take(events: readonly SinkEvent[], signal: AbortSignal): Promise<void> {
    current ??= open();
    const outlet = await current;
    await outlet.take(events, signal);
  }
  return {
    ...own,
    restMs: REST_MS,
    async deliver(events, signal) {
      try {
        await unlessAborted(signal, take(events, signal));
      } catch (error) {
        // Its end may wait for a broker that does not answer.
        drop().catch(() => {});
        throw error instanceof DeliveryError ? error : deliveryError(error, topic, brokers);
      }
    },
    close: drop,
  };
}

function deliveryError(error: unknown, topic: string, brokers: readonly string[]): DeliveryError {
  const { kind, message } = troubleOf(error, brokers);
  const fault = kind === 'rejected' ? ({ kind: 'permanent' } as const) : ({ kind: 'transient' } as const);
  return new DeliveryError(fault, `topic ${topic}: ${message}`, error);
}

/** What is under way goes on, and nobody waits for it. */
function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
