/**
 * The local channel of a running service: a Unix domain socket in its data directory, for its own user. Commands that read
 * or act on the service ask here, each with a time limit and a row limit. Other processes do the work, so the service never
 * waits for a command.
 */
import { chmodSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { messageOf } from '../journal/error.ts';
import type { Logger } from '../logger.ts';
import type { Row } from '../projections/store.ts';
import { type ChannelCommand, type CommandContext, RequestError, type Target } from './channel-commands.ts';
import { makePlace, type Place } from './channel-place.ts';
import {
  type ChannelAnswer,
  type ChannelRequest,
  lineSplitter,
  MAX_REQUEST_BYTES,
  requestProblem,
} from './channel-protocol.ts';
import { CHANNEL_COMMANDS } from './channel-table.ts';

export interface Channel {
  /** Ends every request. */
  close(): Promise<void>;
}

/**
 * Requests at work at once, since each may hold a thread of DuckDB or a process of SQLite. Other requests wait within their
 * time.
 */
const MAX_RUNNING = 4;
const MAX_CONNECTIONS = 64;
/** How long a client may take to say what it wants. */
const REQUEST_MS = 5_000;
/** How long a client may take to read why its request ends with the service. */
const GOODBYE_MS = 1_000;
const MAX_TIMEOUT_MS = 24 * 3_600_000;

/** Opens the channel. Where no socket can be made the service runs without it, and its log says so. */
export async function openChannel(target: Target, logger: Logger): Promise<Channel> {
  const turns = createTurns(MAX_RUNNING);
  const ending = new AbortController();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // A client may go away in the middle.
    socket.on('error', () => {});
    serveClient(socket, target, turns, ending.signal);
  });
  server.maxConnections = MAX_CONNECTIONS;
  let place: Place | null = null;
  try {
    place = makePlace(target.dataDir);
    await listen(server, place.path);
    server.on('error', (error) => logger.warn({ error: error.message }, 'the local channel has failed'));
  } catch (error) {
    logger.warn(
      { error: messageOf(error) },
      'there is no local channel: query and digest must wait until the service stops',
    );
  }
  return {
    async close() {
      ending.abort(new Error('The service is stopping'));
      const closed = new Promise((resolve) => server.close(resolve));
      place?.remove();
      // Each request says why it ends and is closed; a client that does not read is not waited for.
      const patience = setTimeout(() => sockets.forEach((socket) => void socket.destroy()), GOODBYE_MS);
      await closed;
      clearTimeout(patience);
    },
  };
}

/** Listens on a socket, which the call makes at once, with a mode that lets in nobody else. */
function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const before = process.umask(0o177);
    try {
      server.listen(path, () => {
        server.off('error', reject);
        chmodSync(path, 0o600);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
}

function serveClient(socket: Socket, target: Target, turns: Turns, ending: AbortSignal): void {
  const abort = new AbortController();
  let isAsked = false;
  const end = (): void => {
    abort.abort(ending.reason);
    if (!isAsked) socket.destroy();
  };
  ending.addEventListener('abort', end, { once: true });
  socket.once('close', () => {
    ending.removeEventListener('abort', end);
    abort.abort(new Error('The client has gone'));
  });
  const silent = setTimeout(() => socket.destroy(), REQUEST_MS);
  const split = lineSplitter(
    MAX_REQUEST_BYTES,
    (line) => {
      if (isAsked) return;
      isAsked = true;
      clearTimeout(silent);
      answer(line, target, turns, abort, (message) => write(socket, message))
        .catch((error: unknown) =>
          write(socket, { kind: 'failed', message: messageOf(error), isUsage: error instanceof RequestError }),
        )
        .finally(() => socket.end());
    },
    () => socket.destroy(),
  );
  socket.on('data', split);
  socket.once('close', () => clearTimeout(silent));
}

async function answer(
  line: string,
  target: Target,
  turns: Turns,
  abort: AbortController,
  say: (message: ChannelAnswer) => Promise<void>,
): Promise<void> {
  const { command, request, timeoutMs, limit } = parseRequest(line);
  const over = new Error(`${command.name} was stopped after its time limit of ${timeoutMs / 1000} s; see --timeout`);
  // A timer of our own, held by this call: a signal that nothing refers to may be collected before it aborts.
  const timer = setTimeout(() => abort.abort(over), timeoutMs);
  const { signal } = abort;
  const context: CommandContext = { signal, note: (message) => void say({ kind: 'note', message }) };
  try {
    const done = await turns.take(signal);
    try {
      for await (const { rows, isCut } of limited(command.rows(target, request, context), limit)) {
        if (rows.length > 0) await untilAborted(say({ kind: 'rows', rows }), signal);
        if (isCut) return await say({ kind: 'end', isCut: true });
      }
      await say({ kind: 'end', isCut: false });
    } catch (error) {
      // The reason of the interruption says more than the query's own error.
      throw signal.aborted ? signal.reason : error;
    } finally {
      done();
    }
  } finally {
    clearTimeout(timer);
  }
}

/** The first rows, up to the limit. */
export async function* limited(
  batches: AsyncGenerator<readonly Row[]>,
  limit: number,
): AsyncGenerator<{ readonly rows: readonly Row[]; readonly isCut: boolean }> {
  let left = limit;
  for await (const rows of batches) {
    yield { rows: rows.slice(0, left), isCut: rows.length > left };
    if (rows.length > left) return;
    left -= rows.length;
  }
}

function parseRequest(line: string): {
  readonly command: ChannelCommand;
  readonly request: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
  readonly limit: number;
} {
  const message: Partial<ChannelRequest> | null = parseJson(line);
  const command = CHANNEL_COMMANDS.find(({ name }) => name === message?.command);
  if (command === undefined) {
    const known = CHANNEL_COMMANDS.map(({ name }) => name).join(', ');
    throw new RequestError(`The running service knows no command ${message?.command}; it knows ${known}`);
  }
  const { request = {}, timeoutMs, limit } = message ?? {};
  const problem = requestProblem(command.schema, request);
  if (problem !== null) throw new RequestError(`${command.name}: ${problem}`);
  return {
    command,
    request,
    timeoutMs: isCount(timeoutMs) ? Math.min(timeoutMs, MAX_TIMEOUT_MS) : MAX_TIMEOUT_MS,
    limit: isCount(limit) ? limit : Number.MAX_SAFE_INTEGER,
  };
}

function parseJson(line: string): Partial<ChannelRequest> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

/** Waits for a client that reads slowly. */
function write(socket: Socket, message: ChannelAnswer): Promise<void> {
  if (socket.destroyed || socket.write(`${JSON.stringify(message)}\n`)) return Promise.resolve();
  return new Promise((resolve) => {
    const go = (): void => {
      socket.off('drain', go);
      socket.off('close', go);
      resolve();
    };
    socket.once('drain', go);
    socket.once('close', go);
  });
}

interface Turns {
  /** Resolves at the request's turn, with the function that ends the turn. */
  take(signal: AbortSignal): Promise<() => void>;
}

function createTurns(count: number): Turns {
  let free = count;
  const waiting: (() => void)[] = [];
  const done = (): void => {
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
  };
  return {
    async take(signal) {
      if (free > 0) free -= 1;
      else {
        let mine = (): void => {};
        const turn = new Promise<void>((resolve) => {
          mine = resolve;
        });
        waiting.push(mine);
        await untilAborted(turn, signal).catch((error: unknown) => {
          const at = waiting.indexOf(mine);
          if (at >= 0) waiting.splice(at, 1);
          else done();
          throw error;
        });
      }
      return done;
    },
  };
}

/** Rejects with the reason of the signal when that aborts first. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
