/**
 * The connections of the HTTP port, each known by what it is doing, so that the ones that do nothing make room.
 *
 * A connection is idle, or receives a request, or works on one, or sends an answer that is ready. When there are too
 * many, the one that has been idle for longest is closed; else the oldest that still receives, or whose client does not
 * read. Work is never cut: its events may be on disk already, and its client is to hear of it.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';

export interface Connections {
  /** From now on each answer is the last one of its connection. */
  stopReuse(): void;
  /** Resolves once no connection is left, or the time is over. */
  empty(withinMs: number): Promise<void>;
  closeIdle(): void;
  /** Closes all but those that work on a request. */
  closeUnlessWorking(): void;
  closeAll(): void;
}

interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

type Doing = 'idle' | 'receiving' | 'sending' | 'working';

/** Who goes first when there are too many. */
const CLOSED_FIRST: readonly Doing[] = ['idle', 'receiving', 'sending'];

/** Past this many, connections are closed to make room for new ones. */
export const CONNECTIONS_MAX = 512;

/** `begins`: the event of a connection whose requests are read; one that is still agreeing on TLS is bounded by Node. */
export function watchConnections(
  server: Server | TlsServer,
  begins: 'connection' | 'secureConnection' = 'connection',
  connectionsMax = CONNECTIONS_MAX,
): Connections {
  /** By when each last began to be idle: the first one has been so for longest. */
  const exchanges = new Map<Socket, Set<Exchange>>();
  let isLast = false;
  let emptied = (): void => {};

  server.on(begins, (socket: Socket) => {
    if (exchanges.size >= connectionsMax) makeRoom(exchanges);
    exchanges.set(socket, new Set());
    socket.once('close', () => {
      exchanges.delete(socket);
      if (exchanges.size === 0) emptied();
    });
  });
  server.prependListener('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const own = exchanges.get(incoming.socket);
    if (own === undefined) return;
    const exchange = { incoming, outgoing };
    own.add(exchange);
    if (isLast) outgoing.setHeader('connection', 'close');
    outgoing.once('close', () => {
      own.delete(exchange);
      if (own.size > 0 || !exchanges.delete(incoming.socket)) return;
      if (isLast) incoming.socket.destroySoon();
      exchanges.set(incoming.socket, own);
    });
  });

  return {
    stopReuse() {
      isLast = true;
      for (const { outgoing } of [...exchanges.values()].flatMap((own) => [...own])) {
        if (!outgoing.headersSent) outgoing.setHeader('connection', 'close');
      }
    },
    empty(withinMs) {
      if (exchanges.size === 0) return Promise.resolve();
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        emptied = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
    closeIdle() {
      for (const [socket, own] of exchanges) if (doing(own) === 'idle') socket.destroy();
    },
    closeUnlessWorking() {
      for (const [socket, own] of exchanges) if (doing(own) !== 'working') socket.destroy();
    },
    closeAll() {
      for (const socket of exchanges.keys()) socket.destroy();
    },
  };
}

function makeRoom(exchanges: ReadonlyMap<Socket, ReadonlySet<Exchange>>): void {
  for (const kind of CLOSED_FIRST) {
    for (const [socket, own] of exchanges) {
      if (socket.destroyed || doing(own) !== kind) continue;
      socket.destroy();
      return;
    }
  }
}

function doing(own: ReadonlySet<Exchange>): Doing {
  if (own.size === 0) return 'idle';
  const all = [...own];
  if (all.some(({ incoming, outgoing }) => !incoming.complete && !outgoing.writableEnded)) return 'receiving';
  return all.every(({ outgoing }) => outgoing.writableEnded) ? 'sending' : 'working';
}
