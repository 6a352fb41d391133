/**
 * The threads that parse request bodies. Bounded: a body that finds the queue full, or is not parsed in time, is refused
 * before anything of it is taken.
 */
import { availableParallelism } from 'node:os';
import { hasCode } from '../error-code.ts';
import type { ParseBodyTask, ParsedBody } from './parse-body-protocol.ts';
import { startThreadPool } from './pool.ts';

export interface BodyPool {
  /** 'busy': the queue is full, or the time was over. Takes the memory of the body. */
  parse(task: ParseBodyTask): Promise<ParsedBody | 'busy'>;
  close(): Promise<void>;
}

export interface BodyPoolOptions {
  readonly queue?: number;
  readonly timeMs?: number;
  readonly heapMb?: number;
}

/** Bodies that wait; their bytes are bounded by the HTTP port. */
const QUEUE = 64;
/** Less than HTTP waits for a commit, so that only a parsed body can have an unknown outcome. */
const TIME_MS = 15_000;
/** One core is the event loop's, and the read models have a thread as well. */
const THREADS_MAX = 4;
/** A body needs a fraction of this; one that would need more is refused. */
const HEAP_MB = 1024;
const IDLE_MS = 30_000;

export function startBodyPool({ queue = QUEUE, timeMs = TIME_MS, heapMb = HEAP_MB }: BodyPoolOptions = {}): BodyPool {
  const threads = Math.max(1, Math.min(THREADS_MAX, availableParallelism() - 1));
  const pool = startThreadPool({ task: 'parse-body', threads, idleMs: IDLE_MS, queue, heapMb });
  return {
    async parse({ body, ...shape }) {
      if (pool.queueSize >= queue) return 'busy';
      const bytes = inOwnMemory(body.bytes);
      const task = { ...shape, body: { ...body, bytes } };
      const abort = new AbortController();
      const timer = setTimeout(() => abort.abort(), timeMs);
      try {
        return await pool.run(task, { transferList: [bytes.buffer], signal: abort.signal });
      } catch (error) {
        if (abort.signal.aborted) return 'busy';
        if (isOutOfMemory(error)) return { kind: 'too-large' };
        throw error;
      } finally {
        clearTimeout(timer);
      }
    },
    close: () => pool.destroy(),
  };
}

/** Copies bytes that share memory: memory moves as a whole, and Node 24 refuses to move a small Buffer's shared memory. */
function inOwnMemory(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  const isWhole = buffer instanceof ArrayBuffer && byteLength === buffer.byteLength;
  return isWhole ? new Uint8Array(buffer) : new Uint8Array(bytes);
}

/** Whether a thread ended for want of memory: the body needed more than a thread may have. */
function isOutOfMemory(error: unknown): boolean {
  return hasCode(error, 'ERR_WORKER_OUT_OF_MEMORY');
}
